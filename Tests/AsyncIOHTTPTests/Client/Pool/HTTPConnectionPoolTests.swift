import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// How a session's connections are shared, kept and given up.
@Suite(.virtualTime) struct HTTPConnectionPoolTests {
  static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  static func limit(_ count: Int) -> HTTPSession.Configuration {
    var configuration = HTTPSession.Configuration()
    configuration.connectionsPerHost = count
    return configuration
  }

  /// Answers each request a second after it came.
  private static func answerSlowly(_ connection: ScriptedPeer.Connection) async throws {
    while try await connection.readHead() != nil {
      try await sleep(for: .seconds(1))
      try await connection.send(ok)
    }
  }

  // MARK: Keeping and sharing

  @Test func `requests one after another use one connection`() async throws {
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      try await withHTTPSession { session in
        for _ in 0..<20 { _ = try await session.get(peer.url) }
        #expect(peer.connectionCount == 1)
      }
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0, "both ends are closed with the session")
    }
  }

  @Test func `the limit holds, and who waits is served in turn`() async throws {
    try await ScriptedPeer.run(Self.answerSlowly) { peer in
      let start = LoopClock.now
      let order = Mutex<[Int]>([])
      try await withHTTPSession(Self.limit(3)) { session in
        let url = peer.url
        _ = try await gather(Array(0..<9)) { number in
          _ = try await session.get(url)
          order.withLock { $0.append(number) }
        }
      }
      #expect(peer.connectionCount == 3)
      #expect(start.duration(to: .now) == .seconds(3))
      #expect(order.withLock { $0 } == Array(0..<9))
    }
  }

  @Test func `the limit is for each host and port`() async throws {
    try await ScriptedPeer.run(Self.answerSlowly) { first in
      try await ScriptedPeer.run(Self.answerSlowly) { second in
        let start = LoopClock.now
        try await withHTTPSession(Self.limit(1)) { session in
          _ = try await gather([first.url, second.url]) { try await session.get($0) }
        }
        #expect(start.duration(to: .now) == .seconds(1))
      }
    }
  }

  @Test func `the connection used last is used first`() async throws {
    let numbers = Mutex<[Int]>([])
    try await ScriptedPeer.run { connection in
      while let head = try await connection.readHead() {
        numbers.withLock { $0.append(connection.number) }
        // The first one is slow, so that it comes back last.
        if head.hasPrefix("GET /slow") { try await sleep(for: .seconds(1)) }
        try await connection.send(Self.ok)
      }
    } _: { peer in
      try await withHTTPSession { session in
        let url = peer.url
        _ = try await gather(["slow", "quick"]) { try await session.get(url + $0) }
        for _ in 0..<3 { _ = try await session.get(url) }
      }
      #expect(numbers.withLock { $0 } == [0, 1, 0, 0, 0])
    }
  }

  @Test func `a connection that nobody uses is closed in time`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.idleTimeout = .seconds(5)
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      try await withHTTPSession(configuration) { session in
        for _ in 0..<3 {
          _ = try await session.get(peer.url)
          try await sleep(for: .seconds(4))
        }
        #expect(peer.connectionCount == 1)
        try await sleep(for: .seconds(2))
        let open = try openSockets(port: peer.port)
        #expect(open == 0)
        _ = try await session.get(peer.url)
        #expect(peer.connectionCount == 2)
      }
    }
  }

  @Test func `a request that takes longer than the idle timeout is left alone`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.idleTimeout = .milliseconds(300)
    try await ScriptedPeer.run(Self.answerSlowly) { peer in
      try await withHTTPSession(configuration) { session in
        for _ in 0..<3 {
          let response = try await session.get(peer.url)
          #expect(response.text == "ok")
        }
        #expect(peer.connectionCount == 1)
      }
    }
  }

  // MARK: Connections that the server has closed

  @Test func `a kept connection that was closed is not used`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(Self.ok)
    } _: { peer in
      try await withHTTPSession { session in
        let url = try HTTPURL(peer.url)
        for number in 1...3 {
          // Even for a method that must not be repeated.
          _ = try await session.send(HTTPClientRequest(method: .post, url: url))
          await settle()
          #expect(peer.connectionCount == number)
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func `a request that meets a closing door is sent once more`(_ reset: Bool) async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(Self.ok)
      // Reads the next request and closes without an answer.
      _ = try await connection.readHead()
      if reset { connection.stream.abort() }
    } _: { peer in
      try await withHTTPSession { session in
        for number in 1...3 {
          let response = try await session.get(peer.url)
          #expect(response.text == "ok")
          #expect(peer.connectionCount == number)
        }
      }
    }
  }

  @Test func `a request that must not be repeated is not`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(Self.ok)
      _ = try await connection.readHead()
    } _: { peer in
      try await withHTTPSession { session in
        let request = HTTPClientRequest(method: .post, url: try HTTPURL(peer.url))
        _ = try await session.send(request)
        let error = await #expect(throws: HTTPError.self) { try await session.send(request) }
        #expect(error?.code == .connectionLost)
        #expect(peer.connectionCount == 1)
      }
    }
  }

  @Test func `a request is repeated once and not for ever`() async throws {
    let requests = Mutex(0)
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        let number = requests.withLock { count in
          count += 1
          return count
        }
        if number > 1 { return }
        try await connection.send(Self.ok)
      }
    } _: { peer in
      try await withHTTPSession { session in
        _ = try await session.get(peer.url)
        let error = await #expect(throws: HTTPError.self) { try await session.get(peer.url) }
        #expect(error?.code == .connectionLost)
      }
      #expect(requests.withLock { $0 } == 3)
      #expect(peer.connectionCount == 2)
    }
  }

  @Test func `a request is not repeated once a part of the answer has come`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(Self.ok)
      _ = try await connection.readHead()
      try await connection.send("HTTP/1.1 2")
    } _: { peer in
      try await withHTTPSession { session in
        _ = try await session.get(peer.url)
        let error = await #expect(throws: HTTPCodecError.self) { try await session.get(peer.url) }
        #expect(error?.code == .truncatedHead)
        #expect(peer.connectionCount == 1)
      }
    }
  }

  @Test func `a repeated request keeps its place at the limit`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(Self.ok)
      _ = try await connection.readHead()
    } _: { peer in
      try await withHTTPSession(Self.limit(1)) { session in
        let url = peer.url
        for _ in 0..<3 {
          let texts = try await gather(Array(0..<4)) { _ in try await session.get(url).text }
          #expect(texts == ["ok", "ok", "ok", "ok"])
        }
      }
    }
  }

  // MARK: Failing to connect

  @Test func `everybody is told that the connection is refused`() async throws {
    let listener = try TCPListener(port: 0)
    let port = listener.localAddress.port
    listener.close()
    try await withHTTPSession(Self.limit(2)) { session in
      let messages = try await gather(Array(0..<10)) { number in
        let error = await #expect(throws: HTTPError.self) {
          try await session.get("http://127.0.0.1:\(port)/\(number)")
        }
        #expect(error?.code == .connectionFailed)
        return error?.message ?? ""
      }
      for (number, message) in messages.enumerated() {
        #expect(
          message.hasPrefix("GET http://127.0.0.1:\(port)/\(number): cannot connect: connect 127.0.0.1"))
        #expect(message.contains("refused"))
      }
    }
  }

  @Test func `everybody is told that the host has no address`() async throws {
    try await withHTTPSession(Self.limit(2)) { session in
      _ = try await gather(Array(0..<5)) { _ in
        let error = await #expect(throws: HTTPError.self) {
          try await session.get("http://nowhere.invalid/")
        }
        #expect(error?.code == .connectionFailed)
        #expect((error?.underlying as? IOError)?.code == .unresolved)
        #expect(error?.message.contains("nowhere.invalid") == true)
      }
    }
  }

  @Test func `a name is resolved and its addresses are tried`() async throws {
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      try await withHTTPSession { session in
        // It may have an IPv6 address too, on which nobody listens.
        let url = "http://localhost:\(peer.port)/"
        let texts = try await gather(Array(0..<5)) { _ in try await session.get(url).text }
        #expect(texts == Array(repeating: "ok", count: 5))
      }
    }
  }

  // MARK: Ending

  @Test func `a session that is closed ends what is under way and takes nothing more`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      let session = try HTTPSession(Self.limit(1))
      let url = peer.url
      let requests = (0..<3).map { _ in createTask { try await session.get(url) } }
      try await sleep(for: .milliseconds(10))
      await session.close()
      await session.close()
      for request in requests {
        let error = await #expect(throws: HTTPError.self) { try await request.value }
        #expect(error?.code == .sessionClosed)
      }
      let late = await #expect(throws: HTTPError.self) { try await session.get(url) }
      #expect(late?.code == .sessionClosed)
      #expect(late?.message == "GET \(url): the session was closed")
      #expect(peer.connectionCount == 1)
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }

  @Test func `a session that is dropped closes its connections`() async throws {
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      var session: HTTPSession? = try HTTPSession()
      _ = try await session?.get(peer.url)
      weak let former = session
      session = nil
      #expect(former == nil)
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }

  @Test func `a body that throws closes the session too`() async throws {
    struct Failure: Error {}
    try await ScriptedPeer.run {
      try await $0.answer(Self.ok)
    } _: { peer in
      _ = await #expect(throws: Failure.self) {
        try await withHTTPSession { session in
          _ = try await session.get(peer.url)
          throw Failure()
        }
      }
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }
}
