import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// What clients do to a server that mean it no good, or nothing at all; and that the others do not feel it.
@Suite(.virtualTime) struct HostileClientTests {
  private static let ok: HTTPServer.Handler = { request in HTTPServerResponse(text: request.path) }
  private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  private static func configured(
    _ configure: (inout HTTPServer.Configuration) -> Void
  ) -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configure(&configuration)
    return configuration
  }

  /// Runs `attack` beside a client that asks ten times; that one waits for nobody.
  private func undisturbed(
    _ configuration: HTTPServer.Configuration = .init(),
    handler: @escaping HTTPServer.Handler = HostileClientTests.ok,
    _ attack: @escaping @Sendable (RunningServer) async throws -> Void
  ) async throws {
    try await RunningServer.run(configuration, allowsHalfClose: false, handler: handler) { server in
      let attacking = createTask { try await attack(server) }
      try await withHTTPSession { session in
        for number in 0..<10 {
          let start = LoopClock.now
          let response = try await session.get("\(server.url)/\(number)")
          #expect(response.text == "/\(number)")
          #expect(start.duration(to: .now) == .zero, "the others are not kept waiting")
          try await sleep(for: .milliseconds(700))
        }
      }
      try await attacking.value
    }
  }

  private static func connect(_ server: RunningServer) async throws -> TCPStream {
    try await TCPStream.connect(host: "127.0.0.1", port: server.port)
  }

  // MARK: Slowly

  @Test func `fifty clients that send a byte a second are left, and disturb nobody`() async throws {
    let configuration = Self.configured { $0.headTimeout = .seconds(5) }
    try await undisturbed(configuration) { server in
      _ = try await gather(Array(0..<50)) { _ in
        let stream = try await Self.connect(server)
        defer { stream.close() }
        let start = LoopClock.now
        do {
          for byte in ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 1000)).utf8 {
            try await stream.write([byte])
            try await sleep(for: .seconds(1))
          }
          Issue.record("the server has put up with it")
        } catch is IOError {
          #expect(start.duration(to: .now) <= .seconds(7))
        }
      }
    }
  }

  @Test func `a body that the handler reads must come at a rate`() async throws {
    let configuration = Self.configured {
      $0.bodyTimeout = .seconds(5)
      $0.minimumBodyRate = 100
      $0.bodyHandling = { request in request.method == .post ? .stream(upTo: .max) : nil }
    }
    let read = Mutex<[Duration]>([])
    let handler: HTTPServer.Handler = { request in
      guard request.method == .post else { return try await Self.ok(request) }
      let start = LoopClock.now
      defer { read.withLock { $0.append(start.duration(to: .now)) } }
      var size = 0
      for try await piece in request.bodyStream { size += piece.count }
      return HTTPServerResponse(text: "\(size)")
    }
    try await undisturbed(configuration, handler: handler) { server in
      // Ten bytes a second; the time allowed is 5 s and 1 s for each hundred bytes.
      let slow = try await Self.connect(server)
      defer { slow.close() }
      try await slow.write(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n".utf8))
      let sending = createTask {
        for _ in 0..<100 {
          try await slow.write([UInt8](repeating: 1, count: 10))
          try await sleep(for: .seconds(1))
        }
      }
      let answer = try await slow.readToEnd()
      sending.cancel()
      #expect(answer == "" || answer == "(reset)")
      // Two hundred bytes a second are enough, for however long.
      let fast = try await Self.connect(server)
      defer { fast.close() }
      try await fast.write(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n".utf8))
      for _ in 0..<20 {
        try await fast.write([UInt8](repeating: 1, count: 200))
        try await sleep(for: .seconds(1))
      }
      let text = try await fast.read(until: "4000")
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
    let durations = read.withLock { $0 }
    #expect(durations.count == 2)
    #expect((.seconds(5)...Duration.seconds(6)).contains(durations[0]))
    #expect(durations[1] >= .seconds(19))
  }

  @Test func `a client that asks and does not read holds no more than its own answer`() async throws {
    let configuration = Self.configured { $0.writeTimeout = .seconds(4) }
    let handled = Mutex(0)
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/large" else { return try await Self.ok(request) }
      handled.withLock { $0 += 1 }
      return HTTPServerResponse(body: [UInt8](repeating: 0, count: 16 * 1024 * 1024))
    }
    try await undisturbed(configuration, handler: handler) { server in
      let stream = try await Self.connect(server)
      defer { stream.close() }
      let requests = String(repeating: "GET /large HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000)
      let sending = createTask { try? await stream.write(Array(requests.utf8)) }
      try await sleep(for: .seconds(6))
      sending.cancel()
      // The second one is not begun before the first is taken; and at last the connection is cut.
      #expect(handled.withLock { $0 } == 1)
      let open = try openSockets(port: server.port)
      #expect(open <= 3, "the attacker's end, and two of the other client")
    }
  }

  // MARK: Without end

  @Test(arguments: [
    "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET /",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
  ])
  func `heads, lines, extensions and trailers without end are refused before they fill the memory`(
    _ start: String
  )
    async throws
  {
    try await undisturbed { server in
      let stream = try await Self.connect(server)
      defer { stream.close() }
      try await stream.write(Array(start.utf8))
      let endless = start.hasSuffix("\r\n") ? "A: b\r\n" : "aaaaaa"
      let piece = Array(String(repeating: endless, count: 1000).utf8)
      var sent = 0
      do {
        while sent < 64 * 1024 * 1024 {
          try await stream.write(piece)
          sent += piece.count
        }
      } catch is IOError {
        // Closed on us.
      }
      let answer = (try? await stream.readToEnd()) ?? ""
      #expect(answer.hasPrefix("HTTP/1.1 4") || answer == "(reset)" || answer == "")
      #expect(sent < 32 * 1024 * 1024)
    }
  }

  @Test(arguments: [
    "Content-Length: 1000000000000\r\n\r\nx", "Content-Length: 5\r\n\r\nhel",
    "Transfer-Encoding: chunked\r\n\r\nffffffff\r\nx",
    "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n",
  ])
  func `a body that is not as it is announced is not handled`(_ rest: String) async throws {
    let posts = Mutex(0)
    let handler: HTTPServer.Handler = { request in
      if request.method == .post { posts.withLock { $0 += 1 } }
      return try await Self.ok(request)
    }
    try await undisturbed(handler: handler) { server in
      let answer = try await server.exchange("POST / HTTP/1.1\r\nHost: a\r\n\(rest)")
      #expect(answer == "" || answer.hasPrefix("HTTP/1.1 4"))
    }
    #expect(posts.withLock { $0 } == 0)
  }

  // MARK: Smuggling

  @Test func `nothing that is smuggled is answered`() async throws {
    let targets = Mutex<[String]>([])
    let handler: HTTPServer.Handler = { request in
      targets.withLock { $0.append(request.target) }
      return HTTPServerResponse(text: "ok")
    }
    try await RunningServer.run(handler: handler) { server in
      for sample in smugglingAttempts where sample.role == .request {
        let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        // What is cut off would go on with it.
        let isCut = sample.code == .truncatedBody
        let answer = try await server.exchange(sample.text + (isCut ? "" : smuggled))
        #expect(answer.occurrences(of: "HTTP/1.1 ") <= 1, "\(sample.name)")
        #expect(
          answer == "" || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 501"), "\(sample.name)"
        )
      }
    }
    #expect(targets.withLock { $0 } == [])
  }

  // MARK: Many

  @Test func `more connections than there may be wait, and those that are served go on`() async throws {
    let configuration = Self.configured {
      $0.maximumConnections = 20
      $0.headTimeout = .seconds(3)
    }
    try await RunningServer.run(configuration, handler: Self.ok) { server in
      try await withHTTPSession { session in
        _ = try await session.get(server.url)
        // They take all the places that are left, and say nothing.
        let silent = try await gather(Array(0..<40)) { _ in try await Self.connect(server) }
        let start = LoopClock.now
        let first = try await session.get(server.url)
        #expect(first.text == "/")
        #expect(start.duration(to: .now) == .zero)
        // A newcomer waits until they are thrown out: nineteen, then the rest.
        let late = try await Self.connect(server)
        try await late.write(Array(Self.request.utf8))
        let answer = try await late.read(until: "\r\n\r\n/")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
        #expect(start.duration(to: .now) <= .seconds(9))
        for stream in silent { stream.close() }
        late.close()
      }
    }
  }

  // MARK: Handlers that hang

  @Test func `a handler that hangs is cancelled, and the client told`() async throws {
    let configuration = Self.configured { $0.requestTimeout = .seconds(5) }
    let cancelled = Mutex<[Duration]>([])
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/hang" else { return try await Self.ok(request) }
      let start = LoopClock.now
      defer { cancelled.withLock { $0.append(start.duration(to: .now)) } }
      try await sleep(for: .seconds(1000))
      return HTTPServerResponse()
    }
    try await undisturbed(configuration, handler: handler) { server in
      let start = LoopClock.now
      let answer = try await server.exchangeAndWait("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(answer.contains("Connection: close\r\n"))
      #expect(start.duration(to: .now) == .seconds(5))
    }
    #expect(cancelled.withLock { $0 } == [.seconds(5)])
  }

  @Test func `a handler that heeds no cancellation does not keep its client waiting`() async throws {
    let configuration = Self.configured { $0.requestTimeout = .milliseconds(300) }
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/deaf" else { return try await Self.ok(request) }
      try? await withShield { try await sleep(for: .seconds(5)) }
      return HTTPServerResponse(text: "too late")
    }
    try await undisturbed(configuration, handler: handler) { server in
      let start = LoopClock.now
      let answer = try await server.exchangeAndWait("GET /deaf HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(!answer.contains("too late"))
      #expect(start.duration(to: .now) == .milliseconds(300))
    }
  }

  // MARK: Clients that go

  /// How long a handler runs that would take an hour, when its client does something after three seconds.
  private func handling(
    allowsHalfClose: Bool = false, _ leave: @escaping @Sendable (TCPStream) throws -> Void
  ) async throws -> Duration? {
    let duration = Mutex<Duration?>(nil)
    let handler: HTTPServer.Handler = { _ in
      let start = LoopClock.now
      defer { duration.withLock { $0 = start.duration(to: .now) } }
      try await sleep(for: .seconds(3600))
      return HTTPServerResponse()
    }
    return try await RunningServer.run(allowsHalfClose: allowsHalfClose, handler: handler) { server in
      let stream = try await Self.connect(server)
      try await stream.write(Array(Self.request.utf8))
      try await sleep(for: .milliseconds(3500))
      try leave(stream)
      try await sleep(for: .seconds(10))
      stream.close()
      return duration.withLock { $0 }
    }
  }

  @Test func `a handler whose client has gone is cancelled`() async throws {
    let closed = try await handling { $0.close() }
    #expect(closed == .seconds(4))
    let reset = try await handling { $0.abort() }
    #expect(reset == .seconds(4))
    let halfClosed = try await handling { try $0.closeWriting() }
    #expect(halfClosed == .seconds(4))
  }

  @Test func `a client that has ended its side may be waited for`() async throws {
    let halfClosed = try await handling(allowsHalfClose: true) { try $0.closeWriting() }
    #expect(halfClosed == nil)
    let reset = try await handling(allowsHalfClose: true) { $0.abort() }
    #expect(reset == .seconds(4))
  }

  @Test func `a body whose client goes is not written on`() async throws {
    let ended = Mutex(false)
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/endless" else { return try await Self.ok(request) }
      return HTTPServerResponse { writer in
        defer { ended.withLock { $0 = true } }
        while true {
          try await writer.write([UInt8](repeating: 0, count: 10_000))
          try await sleep(for: .milliseconds(10))
        }
      }
    }
    try await undisturbed(handler: handler) { server in
      let stream = try await Self.connect(server)
      try await stream.write(Array("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      _ = try await stream.read(until: "\r\n\r\n")
      stream.close()
      try await sleep(for: .seconds(1))
      #expect(ended.withLock { $0 })
    }
  }
}

extension RunningServer {
  /// Sends text as it is, and returns all that comes back, without ending that side.
  func exchangeAndWait(_ text: String) async throws -> String {
    let stream = try await TCPStream.connect(host: "127.0.0.1", port: port)
    defer { stream.close() }
    try await stream.write(Array(text.utf8))
    return try await stream.readToEnd()
  }
}
