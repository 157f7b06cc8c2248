import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Requests that are cancelled or run out of time, wherever they are: nothing is lost, and the session goes on.
@Suite(.virtualTime) struct RequestEndingTests {
  private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"

  /// Takes its time with everything: the answer comes in pieces.
  private static func answerInPieces(_ connection: ScriptedPeer.Connection) async throws {
    while try await connection.readHead() != nil {
      for piece in ["HTTP/1.1 200 OK\r\nContent-", "Length: 20\r\n\r\n", "0123456789", "0123456789"] {
        for _ in 0..<4 { try await checkpoint() }
        try await connection.send(piece)
      }
    }
  }

  /// Whether the session serves `count` requests at once on the one connection that it may have.
  private func expectUsable(_ session: HTTPSession, _ url: String) async throws {
    let texts = try await gather(Array(0..<3)) { _ in try await session.get(url).text }
    #expect(texts == Array(repeating: "01234567890123456789", count: 3))
  }

  // MARK: Cancellation

  @Test(arguments: 0..<60) func `a request may be cancelled at any step`(_ steps: Int) async throws {
    try await ScriptedPeer.run(Self.answerInPieces) { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let request = createTask { try await session.get(url).text }
        for _ in 0..<steps { await giveWayOnce() }
        request.cancel()
        do {
          let text = try await request.value
          #expect(text == "01234567890123456789")
        } catch {
          #expect(error is CancellationError)
        }
        try await expectUsable(session, url)
        let open = try openSockets(port: peer.port)
        #expect(open <= 4, "at most the last connection and one that the peer has not noticed to be closed")
      }
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }

  @Test(arguments: 0..<30)
  func `one that waits for a connection may be cancelled at any step`(_ steps: Int) async throws {
    try await ScriptedPeer.run(Self.answerInPieces) { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let requests = (0..<4).map { _ in createTask { try await session.get(url).text } }
        for _ in 0..<steps * 2 { await giveWayOnce() }
        // The second in the queue, and then the first, perhaps while a connection is being handed to it.
        requests[2].cancel()
        requests[1].cancel()
        for (number, request) in requests.enumerated() {
          do {
            let text = try await request.value
            #expect(text == "01234567890123456789")
          } catch {
            #expect(error is CancellationError)
            #expect(number == 1 || number == 2)
          }
        }
        try await expectUsable(session, url)
      }
    }
  }

  @Test func `a task that is cancelled already sends nothing`() async throws {
    try await ScriptedPeer.run(Self.answerInPieces) { peer in
      try await withHTTPSession { session in
        let url = peer.url
        let task = Task {
          try? await sleep(for: .seconds(1))
          return try await session.get(url).text
        }
        task.cancel()
        _ = await #expect(throws: CancellationError.self) { try await task.value }
        #expect(peer.connectionCount == 0)
      }
    }
  }

  @Test(arguments: 20..<60)
  func `a connection that is handed to a cancelled request goes to the next`(_ steps: Int) async throws {
    try await ScriptedPeer.run(Self.answerInPieces) { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let requests = (0..<50).map { _ in createTask { try await session.get(url).text } }
        for _ in 0..<steps { await giveWayOnce() }
        // All at once: those who have not left the queue yet are met by connections that come back.
        for request in requests[1..<49] { request.cancel() }
        var cancelled = 0
        for request in requests[1..<49] {
          do { _ = try await request.value } catch is CancellationError { cancelled += 1 }
        }
        #expect(cancelled >= 40)
        let first = try await requests[0].value
        let last = try await requests[49].value
        #expect(first == last)
      }
      #expect(peer.connectionCount <= 2)
    }
  }

  @Test func `those who were cancelled at the instant of a hand-over are passed by`() async throws {
    let signal = Mutex<ScriptedPeer.Connection?>(nil)
    try await ScriptedPeer.run { connection in
      if connection.number == 0 {
        signal.withLock { $0 = connection }
        return try await connection.waitForEnd()
      }
      while try await connection.readHead() != nil {
        try await sleep(for: .seconds(1))
        // Both arrive with the same look at the poller: the test goes on first, then the request.
        try await signal.withLock { $0 }?.send("x")
        try await connection.send(Self.answer + "01234567890123456789")
      }
    } _: { peer in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: peer.port)
      await settle()
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let requests = (0..<10).map { _ in createTask { try await session.get(url).text } }
        _ = try await stream.read(atMost: 1)
        for request in requests[1..<9] { request.cancel() }
        let first = try await requests[0].value
        let last = try await requests[9].value
        #expect(first == last)
        for request in requests[1..<9] {
          _ = await #expect(throws: CancellationError.self) { try await request.value }
        }
        #expect(peer.connectionCount == 2)
      }
      stream.close()
    }
  }

  // MARK: Time

  /// A peer that stops after the given text, and does not close.
  private func timeOut(after text: String, body: [UInt8] = []) async throws {
    try await ScriptedPeer.run { connection in
      if connection.number > 0 { return try await Self.answerInPieces(connection) }
      if body.isEmpty { _ = try await connection.readHead() }
      try await connection.send(text)
      try await sleep(for: .seconds(1000))
    } _: { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let start = LoopClock.now
        let request = HTTPClientRequest(
          method: body.isEmpty ? .get : .put, url: try HTTPURL(peer.url), body: .bytes(body),
          timeout: .seconds(3))
        let error = await #expect(throws: TimeoutError(after: .seconds(3))) {
          try await session.send(request)
        }
        #expect(start.duration(to: .now) == .seconds(3))
        if !body.isEmpty {
          let message = (error?.cause as? HTTPError)?.message
          #expect(message?.hasPrefix("PUT \(peer.url): sending the request (") == true, "\(message ?? "")")
        }
        try await expectUsable(session, peer.url)
      }
    }
  }

  @Test(arguments: ["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 2", answer, answer + "0123456789"])
  func `time may run out while the answer is awaited or read`(_ text: String) async throws {
    try await timeOut(after: text)
  }

  @Test func `time may run out while a body is sent`() async throws {
    try await timeOut(after: "", body: [UInt8](repeating: 0, count: 16 * 1024 * 1024))
  }

  @Test func `a drip does not put off the end`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      for byte in (Self.answer + "0123456789").utf8 {
        try await sleep(for: .seconds(1))
        try await connection.stream.write([byte])
      }
    } _: { peer in
      try await withHTTPSession { session in
        let start = LoopClock.now
        _ = await #expect(throws: TimeoutError(after: .seconds(10))) {
          try await session.get(peer.url, timeout: .seconds(10))
        }
        #expect(start.duration(to: .now) == .seconds(10))
      }
    }
  }

  @Test func `time may run out while a connection is waited for`() async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await sleep(for: .seconds(5))
        try await connection.send(Self.answer + "01234567890123456789")
      }
    } _: { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let first = createTask { try await session.get(url).text }
        await settle()
        let start = LoopClock.now
        _ = await #expect(throws: TimeoutError(after: .seconds(2))) {
          try await session.get(url, timeout: .seconds(2))
        }
        #expect(start.duration(to: .now) == .seconds(2))
        let text = try await first.value
        #expect(text == "01234567890123456789")
        try await expectUsable(session, url)
        #expect(peer.connectionCount == 1)
      }
    }
  }

  /// Runs `body` with a port on which no connection is ever accepted, nor refused, and how many were queued before.
  private func withDeafPort(_ body: (_ port: Int, _ queued: Int) async throws -> Void) async throws {
    let listener = try TCPListener(port: 0, backlog: 0)
    defer { listener.close() }
    let port = listener.localAddress.port
    var queued: [TCPStream] = []
    // The system lets connections wait when the queue of those that nobody accepts is full.
    while queued.count < 10 {
      do {
        queued.append(
          try await withTimeout(.seconds(1)) { try await TCPStream.connect(host: "127.0.0.1", port: port) })
      } catch is TimeoutError {
        break
      }
    }
    try #require(queued.count < 10)
    try await body(port, queued.count)
    for stream in queued { stream.close() }
  }

  @Test func `time may run out while connecting, and then nothing is left`() async throws {
    try await withDeafPort { port, queued in
      try await withHTTPSession { session in
        let start = LoopClock.now
        _ = await #expect(throws: TimeoutError(after: .seconds(3))) {
          try await session.get("http://127.0.0.1:\(port)/", timeout: .seconds(3))
        }
        #expect(start.duration(to: .now) == .seconds(3))
        await settle()
        let open = try openSockets(port: port)
        #expect(open == queued)
        #expect(session.pool.state.withLock { $0.origins.isEmpty })
      }
    }
  }

  @Test func `whoever inherits an attempt to connect is told how far it has come`() async throws {
    try await withDeafPort { port, _ in
      var configuration = HTTPConnectionPoolTests.limit(1)
      configuration.phaseTimeouts.connect = .seconds(3)
      try await withHTTPSession(configuration) { session in
        let url = "http://127.0.0.1:\(port)/"
        let first = createTask { try await session.get(url) }
        try await sleep(for: .seconds(1))
        let second = createTask { try await session.get(url) }
        await settle()
        first.cancel()
        _ = await #expect(throws: CancellationError.self) { try await first.value }
        let error = await #expect(throws: TimeoutError(after: .seconds(3))) { try await second.value }
        #expect((error?.cause as? HTTPError)?.message == "GET \(url): connecting (connecting 2.0 s)")
      }
    }
  }

  @Test(arguments: 0..<8)
  func `an attempt that is called off is nobody else's failure`(_ steps: Int) async throws {
    try await withDeafPort { port, _ in
      try await withHTTPSession { session in
        let url = "http://127.0.0.1:\(port)/"
        let first = createTask { try await session.get(url).text }
        await settle()
        first.cancel()
        for _ in 0..<steps { await giveWayOnce() }
        let second = createTask { try await session.get(url, timeout: .seconds(5)).text }
        _ = await #expect(throws: CancellationError.self) { try await first.value }
        _ = await #expect(throws: TimeoutError(after: .seconds(5))) { try await second.value }
      }
    }
  }

  @Test func `who waits no longer leaves the queue`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession(HTTPConnectionPoolTests.limit(1)) { session in
        let url = peer.url
        let waiting = { session.pool.state.withLock { $0.origins.values.map(\.waiters.count) } }
        let requests = (0..<10).map { number in
          createTask { try await session.get(url, timeout: .seconds(number < 5 ? 100 : 5)).text }
        }
        await settle()
        #expect(waiting() == [9])
        try await sleep(for: .seconds(6))
        #expect(waiting() == [4])
        requests[2].cancel()
        await settle()
        #expect(waiting() == [3])
        for request in requests {
          request.cancel()
          _ = await #expect(throws: (any Error).self) { try await request.value }
        }
        #expect(waiting().allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func `a kept connection's next request has its whole time`() async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await sleep(for: .seconds(2))
        try await connection.send(Self.answer + "01234567890123456789")
      }
    } _: { peer in
      try await withHTTPSession { session in
        // The timers of the former requests move along, earlier and later.
        for timeout in [3, 10, 3, 60, 4] {
          _ = try await session.get(peer.url, timeout: .seconds(timeout))
        }
        #expect(peer.connectionCount == 1)
        let start = LoopClock.now
        _ = await #expect(throws: TimeoutError(after: .seconds(1))) {
          try await session.get(peer.url, timeout: .seconds(1))
        }
        #expect(start.duration(to: .now) == .seconds(1))
      }
    }
  }

  @Test func `the session's own timeout holds where none is given`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.timeout = .seconds(7)
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession(configuration) { session in
        _ = await #expect(throws: TimeoutError(after: .seconds(7))) { try await session.get(peer.url) }
      }
    }
  }

  @Test func `a caller's own timeout ends a request as well`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession { session in
        _ = await #expect(throws: TimeoutError(after: .seconds(2))) {
          try await withTimeout(.seconds(2)) { try await session.get(peer.url) }
        }
      }
      await settle()
      let open = try openSockets(port: peer.port)
      #expect(open == 0)
    }
  }

  /// Lets what is ready run once.
  private func giveWayOnce() async { try? await checkpoint() }
}
