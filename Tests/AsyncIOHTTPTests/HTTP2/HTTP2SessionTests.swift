import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// How HTTP/2 is spoken in a test.
enum HTTP2Way: Sendable, CaseIterable { case tls, plain }

/// A session and a server of ours that speak HTTP/2 with each other.
func withHTTP2<Result>(
  _ way: HTTP2Way = .tls, server configure: (inout HTTPServer.Configuration) -> Void = { _ in },
  session configureSession: (inout HTTPSession.Configuration) -> Void = { _ in },
  handler: @escaping HTTPServer.Handler,
  _ body: (HTTPSession, RunningServer) async throws -> Result
) async throws -> Result {
  var configuration = HTTPServer.Configuration()
  var sessionConfiguration = HTTPSession.Configuration()
  switch way {
  case .tls:
    configuration.tls = try HTTPCertificates.server()
    sessionConfiguration = try HTTPCertificates.configuration { $0.applicationProtocols = [] }
  case .plain:
    configuration.http2.acceptsPriorKnowledge = true
    sessionConfiguration.http2 = .priorKnowledge
  }
  configure(&configuration)
  configureSession(&sessionConfiguration)
  return try await RunningServer.run(configuration, handler: handler) { server async throws in
    sessionConfiguration.baseURL = try HTTPURL(way == .tls ? server.secureURL : server.url)
    return try await withHTTPSession(sessionConfiguration) { try await body($0, server) }
  }
}

/// Requests over HTTP/2.
@Suite(.virtualTime) struct HTTP2SessionTests {
  @Test(arguments: HTTP2Way.allCases)
  func `requests share one connection`(_ way: HTTP2Way) async throws {
    let ports = Mutex<Set<Int>>([])
    try await withHTTP2(way) { request in
      ports.withLock { $0.formUnion(request.remoteAddress.map { [$0.port] } ?? []) }
      return HTTPServerResponse(text: "\(request.method) \(request.target) of \(request.authority ?? "")")
    } _: { session, server async throws in
      let texts = try await gather(0..<200) { number in
        let response = try await session.get("/\(number)")
        #expect(response.version == .http2)
        #expect(response.status == .ok)
        return response.text
      }
      #expect(texts == (0..<200).map { "GET /\($0) of 127.0.0.1:\(server.port)" })
      #expect(ports.withLock { $0.count } == 1)
    }
  }

  @Test func `both sides have to want it`() async throws {
    let handler: HTTPServer.Handler = { _ in HTTPServerResponse(text: "x") }
    try await withHTTP2(server: { $0.http2.isEnabled = false }, handler: handler) { session, _ async throws in
      #expect(try await session.get("/").version == .http11)
      #expect(try await gather(0..<20) { _ in try await session.get("/").text }.count == 20)
    }
    try await withHTTP2(session: { $0.http2 = .off }, handler: handler) { session, _ async throws in
      #expect(try await session.get("/").version == .http11)
    }
    try await RunningServer.run(handler: handler) { server async throws in
      try await withHTTPSession { session async throws in
        #expect(try await session.get(server.url).version == .http11)
      }
    }
  }

  @Test func `without TLS a server that does not expect it refuses it`() async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(text: "x") }) { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      try await withHTTPSession(configuration) { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .connectionLost)
      }
    }
  }

  @Test(arguments: HTTP2Way.allCases)
  func `bodies of any size go both ways`(_ way: HTTP2Way) async throws {
    try await withHTTP2(way, server: { $0.maximumBodySize = 8 << 20 }) { request in
      HTTPServerResponse(body: request.body)
    } _: { session, _ async throws in
      for size in [0, 1, 16_384, 65_535, 65_536, 300_000, 1_500_000] {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
        let response = try await session.post("/", body: .bytes(body))
        #expect(response.body == body, "\(size) bytes")
        #expect(response[.contentLength] == "\(size)")
      }
    }
  }

  @Test func `heads are as over HTTP/1.1`() async throws {
    try await withHTTP2 { request in
      #expect(request[.cookie] == "a=1; b=2")
      #expect(request[.userAgent] == "swift-asyncio")
      #expect(request[.connection] == nil)
      #expect(request.query == "x=1")
      var fields: HTTPFields = [.server: "ours", .connection: "close"]
      fields.append(HTTPField(name: .setCookie, value: "c=3"))
      fields.append(HTTPField(name: .setCookie, value: "d=4"))
      return HTTPServerResponse(status: .notFound, fields: fields)
    } _: { session, _ async throws in
      let response = try await session.get("/?x=1", fields: [.cookie: "a=1; b=2", .connection: "close"])
      #expect(response.status == .notFound)
      #expect(response.status.reasonPhrase == "Not Found")
      #expect(response[.server] == "ours")
      #expect(response[.connection] == nil)
      #expect(response[.date] != nil)
      #expect(response.values(of: .setCookie) == ["c=3", "d=4"])
    }
  }

  @Test func `a head without a body has none`() async throws {
    try await withHTTP2 { _ in
      HTTPServerResponse(text: "twelve bytes")
    } _: { session, _ async throws in
      let response = try await session.send(
        HTTPClientRequest(method: .head, url: try #require(session.configuration.baseURL)))
      #expect(response[.contentLength] == "12")
      #expect(response.body.isEmpty)
    }
  }

  @Test func `a body that is too large is refused on either side`() async throws {
    try await withHTTP2(server: { $0.maximumBodySize = 1000 }, session: { $0.maximumBodySize = 2000 }) {
      request in
      if request.path == "/stream" {
        return HTTPServerResponse { writer in
          for _ in 0..<10 { try await writer.write([UInt8](repeating: 1, count: 1000)) }
        }
      }
      return HTTPServerResponse(body: [UInt8](repeating: 1, count: 3000))
    } _: { session, _ async throws in
      #expect(
        try await session.post("/", body: .bytes(Array(repeating: 1, count: 5_000_000))).status.code == 413)
      for path in ["/", "/stream"] {
        let error = await #expect(throws: HTTPError.self) { try await session.get(path) }
        #expect(error?.code == .bodyTooLarge)
      }
    }
  }

  @Test func `a slow request costs the others nothing, and its time is its own`() async throws {
    let ports = Mutex<Set<Int>>([])
    try await withHTTP2 { request in
      ports.withLock { $0.formUnion(request.remoteAddress.map { [$0.port] } ?? []) }
      if request.path == "/slow" { try await sleep(for: .seconds(60)) }
      return HTTPServerResponse(text: request.path)
    } _: { session, _ async throws in
      let slow = createTask { try await session.get("/slow", timeout: .seconds(5)) }
      try await sleep(for: .seconds(1))
      #expect(try await session.get("/fast").text == "/fast")
      let error = await #expect(throws: TimeoutError.self) { try await slow.value }
      #expect((error?.cause as? HTTPError)?.message.contains("waiting for the response") == true)
      #expect(try await session.get("/fast").text == "/fast")
      #expect(ports.withLock { $0.count } == 1)
    }
  }

  @Test func `a cancelled request is reset, and so is its handler, and no other`() async throws {
    let events = Mutex<[String]>([])
    try await withHTTP2 { request in
      guard request.path == "/slow" else {
        try await sleep(for: .seconds(10))
        return HTTPServerResponse(text: request.path)
      }
      do { try await sleep(for: .seconds(60)) } catch {
        events.withLock { $0.append("cancelled") }
        throw error
      }
      return HTTPServerResponse()
    } _: { session, _ async throws in
      let other = createTask { try await session.get("/other").text }
      let slow = createTask { try await session.get("/slow") }
      try await sleep(for: .seconds(1))
      slow.cancel()
      await #expect(throws: CancellationError.self) { try await slow.value }
      await settle()
      #expect(events.withLock { $0 } == ["cancelled"])
      #expect(try await other.value == "/other")
    }
  }

  @Test func `a cancelled request leaks neither streams nor places`() async throws {
    try await withHTTP2(server: { $0.http2.maximumStreams = 3 }) { request in
      try await sleep(for: .milliseconds(10))
      return HTTPServerResponse { writer in
        try await writer.write("a")
        try await sleep(for: .milliseconds(10))
        try await writer.write("b")
      }
    } _: { session, _ async throws in
      for delay in 0..<30 {
        let requests = (0..<5).map { _ in
          createTask { try await session.post("/", body: .bytes(Array(repeating: 1, count: 100_000))).text }
        }
        try await sleep(for: .milliseconds(delay))
        for request in requests { request.cancel() }
        for request in requests { _ = try? await request.value }
      }
      #expect(
        try await gather(0..<9) { _ in try await session.post("/", body: .text("x")).text }
          == Array(repeating: "ab", count: 9))
      session.pool.state.withLock { state in
        for origin in state.origins.values {
          #expect(origin.count == 1)
          #expect(origin.shared?.places.taken == 0)
          #expect(origin.waiters.isEmpty)
        }
      }
    }
  }

  @Test func `no more requests are under way than the server allows`() async throws {
    let running = Mutex((now: 0, most: 0))
    try await withHTTP2(server: { $0.http2.maximumStreams = 4 }) { _ in
      running.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      try await sleep(for: .seconds(1))
      running.withLock { $0.now -= 1 }
      return HTTPServerResponse(text: "x")
    } _: { session, server async throws in
      // The first tells the limit.
      _ = try await session.get("/")
      let start = LoopClock.now
      #expect(try await gather(0..<40) { _ in try await session.get("/").text }.count == 40)
      #expect(start.duration(to: .now) == .seconds(10))
      #expect(running.withLock { $0.most } == 4)
      #expect(try openSockets(port: server.port) == 2)
    }
  }

  @Test func `an idle connection is closed after its time, with a farewell`() async throws {
    try await withHTTP2(session: { $0.idleTimeout = .seconds(5) }) { _ in
      HTTPServerResponse(text: "x")
    } _: { session, server async throws in
      for _ in 0..<3 {
        _ = try await session.get("/")
        try await sleep(for: .seconds(4))
      }
      #expect(try openSockets(port: server.port) == 2)
      try await sleep(for: .seconds(2))
      await settle()
      #expect(try openSockets(port: server.port) == 0)
      #expect(try await session.get("/").text == "x")
    }
  }

  @Test func `a session that is closed ends its requests, and leaves no socket`() async throws {
    try await withHTTP2 { _ in
      try await sleep(for: .seconds(60))
      return HTTPServerResponse()
    } _: { session, server async throws in
      let requests = (0..<5).map { _ in createTask { try await session.get("/") } }
      try await sleep(for: .seconds(1))
      await session.close()
      for request in requests {
        let error = await #expect(throws: HTTPError.self) { try await request.value }
        #expect(error?.code == .sessionClosed)
      }
      await settle()
      #expect(try openSockets(port: server.port) == 0)
    }
  }

  @Test func `redirects, cookies and middleware are as over HTTP/1.1`() async throws {
    let reports = Mutex<[HTTPExchangeReport]>([])
    try await withHTTP2(session: { $0.onExchange = { report in reports.withLock { $0.append(report) } } }) {
      request in
      if request.path == "/" {
        return HTTPServerResponse(status: .found, fields: [.location: "/next", .setCookie: "a=1"])
      }
      return HTTPServerResponse(text: request[.cookie] ?? "none")
    } _: { session, _ async throws in
      let response = try await session.get("/")
      #expect(response.text == "a=1")
      #expect(response.history.map(\.status) == [.found])
      #expect(response.version == .http2)
      #expect(reports.withLock { $0.map(\.isConnectionReused) } == [false, true])
      #expect(reports.withLock { $0.first?.timings.secure } != nil)
    }
  }
}
