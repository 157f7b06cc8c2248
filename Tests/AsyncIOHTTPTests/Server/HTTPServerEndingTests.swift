import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// How connections and servers end: by time, by limits, gently, and by cancellation.
@Suite(.virtualTime) struct HTTPServerEndingTests {
  private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
  private static let ok: HTTPServer.Handler = { _ in HTTPServerResponse(text: "ok") }

  private static var configuration: HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.headTimeout = .seconds(3)
    configuration.bodyTimeout = .seconds(5)
    configuration.idleTimeout = .seconds(7)
    configuration.writeTimeout = .seconds(11)
    return configuration
  }

  /// How long a client that sends `pieces`, a second apart, and then waits is put up with.
  private func patience(with pieces: [String]) async throws -> Duration {
    try await RunningServer.run(Self.configuration, handler: Self.ok) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      let start = LoopClock.now
      let sending = createTask {
        for piece in pieces {
          try await stream.write(Array(piece.utf8))
          try await sleep(for: .seconds(1))
        }
      }
      _ = try await stream.readToEnd()
      sending.cancel()
      return start.duration(to: .now)
    }
  }

  // MARK: Time

  @Test func `a client that says nothing is left`() async throws {
    let duration = try await patience(with: [])
    #expect(duration == .seconds(3))
  }

  @Test func `a head must come in time, however it drips`() async throws {
    let duration = try await patience(with: Self.request.map { "\($0)" })
    #expect(duration == .seconds(3))
    // After an answer the time for the next one begins with its first byte.
    let second = try await patience(with: [Self.request, "G", "E", "T", " ", "/", "x", "x", "x", "x"])
    #expect(second == .seconds(1 + 3))
  }

  @Test func `a body must come in time`() async throws {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
    let duration = try await patience(with: [head] + Array(repeating: "x", count: 20))
    #expect(duration == .seconds(5))
  }

  @Test func `a connection on which nothing comes is closed`() async throws {
    let duration = try await patience(with: [Self.request, Self.request])
    #expect(duration == .seconds(1 + 7))
  }

  @Test func `a client that does not read is left`() async throws {
    let body = [UInt8](repeating: 0, count: 32 * 1024 * 1024)
    try await RunningServer.run(Self.configuration, handler: { _ in HTTPServerResponse(body: body) }) {
      server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array(Self.request.utf8))
      try await sleep(for: .seconds(10))
      let before = try openSockets(port: server.port)
      #expect(before == 2)
      try await sleep(for: .seconds(2))
      let after = try openSockets(port: server.port)
      #expect(after == 1, "the server has closed its end")
    }
  }

  @Test func `a handler may take its time`() async throws {
    try await RunningServer.run(Self.configuration) { _ in
      try await sleep(for: .seconds(600))
      return HTTPServerResponse(text: "ok")
    } _: { server in
      try await withHTTPSession { session in
        let response = try await session.get(server.url, timeout: .seconds(1000))
        #expect(response.text == "ok")
      }
    }
  }

  @Test func `a body may pause as long as it likes, before its first piece and after any`() async throws {
    var configuration = Self.configuration
    configuration.bodyHandling = { _ in .stream(upTo: .max) }
    try await RunningServer.run(configuration) { request in
      HTTPServerResponse { writer in
        try await sleep(for: .seconds(20))
        for try await piece in request.bodyStream {
          try await sleep(for: .seconds(20))
          try await writer.write(piece)
        }
      }
    } _: { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n".utf8))
      for (pause, piece) in [(21, "hel"), (1, "lo!")] {
        try await sleep(for: .seconds(pause))
        try await stream.write(Array(piece.utf8))
        _ = try await stream.read(until: "\(piece)\r\n")
      }
      let end = try await stream.read(until: "0\r\n\r\n")
      #expect(end == "0\r\n\r\n")
    }
  }

  @Test func `the last answer is not lost by what the client has sent behind its request`() async throws {
    try await RunningServer.run(Self.configuration, handler: Self.ok) { server in
      let last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
      let answer = try await server.exchange(last + String(repeating: "x", count: 20_000))
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answer.hasSuffix("\r\n\r\nok"), "it is not reset")
    }
  }

  // MARK: Limits

  @Test func `connections beyond the limit wait`() async throws {
    var configuration = HTTPServer.Configuration()
    configuration.maximumConnections = 2
    let running = Mutex((now: 0, most: 0))
    try await RunningServer.run(configuration) { _ in
      running.withLock { running in
        running.now += 1
        running.most = max(running.most, running.now)
      }
      try await sleep(for: .seconds(1))
      running.withLock { $0.now -= 1 }
      return HTTPServerResponse(fields: [.connection: "close"])
    } _: { server in
      try await withHTTPSession { session in
        let start = LoopClock.now
        let url = server.url
        _ = try await gather(Array(0..<6)) { _ in try await session.get(url) }
        #expect(start.duration(to: .now) == .seconds(3))
      }
    }
    #expect(running.withLock { $0.most } == 2)
  }

  // MARK: Ending the server

  @Test func `a gentle end finishes answers and closes what is idle`() async throws {
    try await RunningServer.run { request in
      try await sleep(for: .seconds(2))
      return HTTPServerResponse(text: "ok")
    } _: { server in
      let busy = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      let idle = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      try await busy.write(Array((Self.request + Self.request).utf8))
      try await sleep(for: .seconds(1))
      let start = LoopClock.now
      server.server.close()
      server.server.close()
      let nothing = try await idle.readToEnd()
      #expect(nothing == "")
      #expect(start.duration(to: .now) == .zero)
      let answer = try await busy.readToEnd()
      #expect(answer.occurrences(of: "HTTP/1.1 200 OK") == 1)
      #expect(answer.contains("Connection: close\r\n"))
      #expect(start.duration(to: .now) == .seconds(1))
      try await server.serving.value
      _ = await #expect(throws: IOError.self) {
        try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      }
      busy.close()
      idle.close()
      await settle()
      let open = try openSockets(port: server.port)
      #expect(open == 0)
    }
  }

  @Test func `a cancelled server cancels its handlers and closes everything`() async throws {
    let cancelled = Mutex(0)
    try await RunningServer.run { _ in
      do {
        try await sleep(for: .seconds(1000))
      } catch {
        cancelled.withLock { $0 += 1 }
        throw error
      }
      return HTTPServerResponse()
    } _: { server in
      let streams = try await gather(Array(0..<3)) { _ in
        try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      }
      for stream in streams.dropFirst() { try await stream.write(Array(Self.request.utf8)) }
      try await sleep(for: .seconds(1))
      server.serving.cancel()
      _ = await #expect(throws: CancellationError.self) { try await server.serving.value }
      #expect(cancelled.withLock { $0 } == 2)
      for stream in streams {
        let answer = try await stream.readToEnd()
        #expect(answer == "")
        stream.close()
      }
      _ = await #expect(throws: IOError.self) {
        try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      }
      let open = try openSockets(port: server.port)
      #expect(open == 0)
    }
  }

  @Test(arguments: 0..<30) func `a server may be closed at any step of a client`(_ steps: Int) async throws {
    try await RunningServer.run(handler: Self.ok) { server in
      let url = server.url
      let client = createTask {
        try await withHTTPSession { session in
          for _ in 0..<5 { _ = try await session.get(url) }
        }
      }
      for _ in 0..<steps { try await checkpoint() }
      server.server.close()
      try await server.serving.value
      do {
        try await client.value
      } catch let error as HTTPError {
        #expect(error.code == .connectionFailed || error.code == .connectionLost)
      }
      let open = try openSockets(port: server.port)
      #expect(open == 0)
    }
  }
}
