import AsyncIOCoordination
@testable import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@Suite(.virtualTime) struct MiddlewareTests {
  /// Writes down what passes.
  private final class Witness: HTTPMiddleware {
    let name: String
    let notes: Mutex<[String]>
    init(_ name: String) {
      self.name = name
      notes = Mutex([])
    }
    func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
      var request = request
      request.fields[.from] = (request.fields[.from] ?? "") + name
      let response = try await next(request)
      notes.withLock { $0.append("\(request.url.path) \(response.status.code)") }
      return response
    }
  }

  @Test func `middleware is passed in its order, at each hop`() async throws {
    try await RunningServer.run(handler: { request in
      if request.path == "/old" { return HTTPServerResponse(status: .found, fields: [.location: "/new"]) }
      return HTTPServerResponse(text: "\(request[.from] ?? "") \(request[.userAgent] ?? "")")
    }) { server in
      let (a, b) = (Witness("a"), Witness("b"))
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [a, b]
      try await withHTTPSession(configuration) { session async throws in
        #expect(try await session.get(server.url + "/new").text == "ab swift-asyncio")
        #expect(try await session.get(server.url + "/old").text == "ab swift-asyncio")
        let streamed = try await session.stream(.get, server.url + "/old") { response in
          #expect(response.timings != nil)
          return try await response.body.collect(upTo: 100)
        }
        #expect(!streamed.isEmpty)
        #expect(b.notes.withLock { $0 } == ["/new 200", "/old 302", "/new 200", "/old 302", "/new 200"])
      }
    }
  }

  @Test func `a middleware that drops a response of a stream leaks nothing`() async throws {
    struct Twice: HTTPMiddleware {
      func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
        _ = try await next(request)
        return try await next(request)
      }
    }
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse(body: [UInt8](repeating: 1, count: 1_000_000))
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [Twice()]
      configuration.connectionsPerHost = 1
      try await withHTTPSession(configuration) { session async throws in
        for _ in 0..<3 {
          let count = try await session.stream(.get, server.url) {
            try await $0.body.collect(upTo: 2_000_000).count
          }
          #expect(count == 1_000_000)
        }
        #expect(try await session.get(server.url).body.count == 1_000_000)
      }
    }
  }

  @Test func `exchanges are reported with their phases`() async throws {
    try await RunningServer.run(handler: { _ in
      try await sleep(for: .seconds(2))
      return HTTPServerResponse(text: "x")
    }) { server in
      let reports = Mutex<[HTTPExchangeReport]>([])
      var configuration = HTTPSession.Configuration()
      configuration.connectionsPerHost = 1
      configuration.onExchange = { report in reports.withLock { $0.append(report) } }
      try await withHTTPSession(configuration) { session async throws in
        _ = try await gather(Array(0..<2)) { _ in try await session.get(server.url) }
        _ = await #expect(throws: HTTPError.self) { try await session.get("http://127.0.0.1:1/") }
      }
      let all = reports.withLock { $0 }
      #expect(all.map(\.isConnectionReused) == [false, true])
      #expect(all.map(\.timings.firstByte) == [.seconds(2), .seconds(2)])
      #expect(all[0].timings.connect == .zero && all[0].timings.resolve == nil)
      #expect(all[1].timings.pool == .seconds(2) && all[1].timings.connect == nil)
      #expect(all.allSatisfy { $0.status == .ok && $0.error == nil && $0.method == .get })
    }
  }

  // MARK: Time

  @Test(arguments: [false, true])
  func `a time that runs out says what took how long`(_ hasMiddleware: Bool) async throws {
    try await RunningServer.run(handler: { _ in
      try await sleep(for: .seconds(3))
      return HTTPServerResponse { writer in
        try await writer.write("a")
        try await sleep(for: .seconds(100))
      }
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.connectionsPerHost = 1
      if hasMiddleware { configuration.middleware = [Witness("w")] }
      try await withHTTPSession(configuration) { session async throws in
        let first = createTask { try await session.get(server.url, timeout: .seconds(4)) }
        try await sleep(for: .seconds(1))
        let second = createTask { try await session.get(server.url, timeout: .seconds(7)) }
        let errors = [
          await #expect(throws: TimeoutError.self) { try await first.value },
          await #expect(throws: TimeoutError.self) { try await second.value },
        ]
        #expect(errors == [TimeoutError(after: .seconds(4)), TimeoutError(after: .seconds(7))])
        let causes = errors.map { $0?.cause as? HTTPError }
        #expect(
          causes[0]?.message
            == "GET \(server.url)/: reading the response (waiting for a free connection 0.0 s, connecting 0.0 s, "
            // The short way reads no clock in between.
            + (hasMiddleware ? "sending the request 0.0 s, " : "")
            + "waiting for the response 3.0 s, reading the response 1.0 s)")
        #expect(causes[0]?.timings?.read == .seconds(1))
        #expect(causes[1]?.timings?.pool == .seconds(3))
        #expect(causes[1]?.timings?.firstByte == .seconds(3))
        #expect(causes[1]?.timings?.read == .seconds(1))
      }
    }
  }

  @Test(arguments: [HTTPSession.HTTP2Use.off, .priorKnowledge])
  func `time that runs out behind a middleware is no cancellation`(_ http2: HTTPSession.HTTP2Use) async throws
  {
    let reports = Mutex<[HTTPExchangeReport]>([])
    let errors = Mutex<[any Error]>([])
    struct Noting: HTTPMiddleware {
      let note: @Sendable (any Error) -> Void
      func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
        do { return try await next(request) } catch {
          note(error)
          throw error
        }
      }
    }
    var serverConfiguration = HTTPServer.Configuration()
    serverConfiguration.http2.acceptsPriorKnowledge = true
    try await RunningServer.run(
      serverConfiguration,
      handler: { _ in
        try await sleep(for: .seconds(100))
        return HTTPServerResponse()
      }
    ) { server in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = http2
      configuration.onExchange = { report in reports.withLock { $0.append(report) } }
      configuration.middleware = [Noting { error in errors.withLock { $0.append(error) } }]
      try await withHTTPSession(configuration) { session async throws in
        let error = await #expect(throws: TimeoutError(after: .seconds(5))) {
          try await session.get(server.url, timeout: .seconds(5))
        }
        let message = (error?.cause as? HTTPError)?.message
        #expect(message?.contains(": waiting for the response (") == true, "\(message ?? "")")
        #expect(errors.withLock { $0.map { $0 as? TimeoutError } } == [error])
        #expect(reports.withLock { $0.map { $0.error as? TimeoutError } } == [error])
        // A cancellation is one all the same, and one that comes with the end of the time is no timeout.
        for seconds in [2, 5] {
          let request = createTask { try await session.get(server.url, timeout: .seconds(5)) }
          try await sleep(for: .seconds(seconds))
          request.cancel()
          await #expect(throws: CancellationError.self) { try await request.value }
        }
        #expect(errors.withLock { $0[1] is CancellationError })
      }
    }
  }

  @Test func `time that runs out in a middleware, or in the queue behind it, says so`() async throws {
    struct Slow: HTTPMiddleware {
      func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
        if request.url.path == "/slow" { try await sleep(for: .seconds(100)) }
        return try await next(request)
      }
    }
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.waitForEnd()
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.connectionsPerHost = 1
      configuration.middleware = [Slow()]
      try await withHTTPSession(configuration) { session async throws in
        let first = createTask { try await session.get(peer.url, timeout: .seconds(100)) }
        await settle()
        for (path, phase) in [
          ("slow", "waiting in a middleware (before this exchange 5.0 s)"),
          ("", "waiting for a free connection (waiting for a free connection 5.0 s)"),
        ] {
          let task = createTask { try await session.get(peer.url + path, timeout: .seconds(5)) }
          let error = await #expect(throws: TimeoutError(after: .seconds(5))) { try await task.value }
          #expect((error?.cause as? HTTPError)?.message == "GET \(peer.url)\(path): \(phase)")
        }
        first.cancel()
        _ = try? await first.value
      }
    }
  }

  private enum Phase: CaseIterable { case pool, firstByte, read }

  @Test(arguments: Phase.allCases)
  private func `phases have limits of their own`(_ phase: Phase) async throws {
    try await ScriptedPeer.run { connection in
      while let head = try await connection.readHead() {
        if head.hasPrefix("GET /quick") {
          try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
          continue
        }
        try await sleep(for: .seconds(4))
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in 0..<3 {
          try await connection.send("ab")
          try await sleep(for: .seconds(4))
        }
      }
    } _: { peer in
      var configuration = HTTPSession.Configuration()
      configuration.connectionsPerHost = 1
      switch phase {
      case .pool: configuration.phaseTimeouts.pool = .seconds(3)
      case .firstByte: configuration.phaseTimeouts.firstByte = .seconds(3)
      case .read: configuration.phaseTimeouts.read = .seconds(3)
      }
      try await withHTTPSession(configuration) { session async throws in
        _ = try await session.get(peer.url + "quick")
        let start = LoopClock.now
        let slow = createTask { try await session.get(peer.url) }
        await settle()
        let other = phase == .pool ? createTask { try await session.get(peer.url) } : slow
        let error = await #expect(throws: TimeoutError.self) { try await other.value }
        #expect(error == TimeoutError(after: .seconds(3)))
        #expect(start.duration(to: .now) == .seconds(phase == .read ? 7 : 3))
        if phase == .pool { #expect(try await slow.value.text == "ababab") }
      }
    }
  }

  // MARK: Compression

  @Test(arguments: ["text gzip 6", "text zlib 6", "text raw 6", "empty gzip 6"])
  func `compressed bodies are read, at once and in pieces`(_ name: String) async throws {
    let sample = try #require(CompressedSamples.all.first { $0.name == name })
    let coding = sample.format == .gzip ? "gzip" : "deflate"
    try await RunningServer.run(handler: { request in
      guard request[.acceptEncoding] == "gzip, deflate, br, zstd" else {
        return HTTPServerResponse(status: .notAcceptable)
      }
      let fields: HTTPFields = [.contentEncoding: coding]
      if request.path == "/whole" { return HTTPServerResponse(fields: fields, body: sample.bytes) }
      return HTTPServerResponse(fields: fields) { writer in
        for byte in sample.bytes { try await writer.write([byte]) }
      }
    }) { server in
      for middleware in [[], [Witness("w")]] as [[any HTTPMiddleware]] {
        var configuration = HTTPSession.Configuration()
        configuration.middleware = middleware
        try await withHTTPSession(configuration) { session async throws in
          #expect(try await session.get(server.url + "/whole").body == sample.plain)
          #expect(try await session.get(server.url + "/pieces").body == sample.plain)
          let streamed = try await session.stream(.get, server.url + "/pieces") {
            try await $0.body.collect(upTo: 10_000)
          }
          #expect(streamed == sample.plain)
          #expect(try await session.head(server.url + "/whole").status == .ok)
        }
      }
      var configuration = HTTPSession.Configuration()
      configuration.decompresses = false
      try await withHTTPSession(configuration) { session async throws in
        let fields: HTTPFields = [.acceptEncoding: "gzip, deflate, br, zstd"]
        #expect(try await session.get(server.url + "/whole", fields: fields).body == sample.bytes)
      }
    }
  }

  @Test func `a bomb is refused, and a damaged body too`() async throws {
    try await RunningServer.run(handler: { request in
      let body = request.path == "/bomb" ? CompressedSamples.bomb : Array(CompressedSamples.bomb.dropLast(9))
      return HTTPServerResponse(
        fields: [.contentEncoding: "gzip"], body: request.path == "/no" ? [1, 2, 3] : body)
    }) { server in
      for middleware in [[], [Witness("w")]] as [[any HTTPMiddleware]] {
        var configuration = HTTPSession.Configuration()
        configuration.middleware = middleware
        configuration.maximumBodySize = 1_000_000
        try await withHTTPSession(configuration) { session async throws in
          let bomb = await #expect(throws: HTTPError.self) { try await session.get(server.url + "/bomb") }
          #expect(bomb?.code == .bodyTooLarge)
          let damaged = await #expect(throws: HTTPError.self) { try await session.get(server.url + "/no") }
          #expect(damaged?.code == .invalidContentEncoding)
          let size = try await session.stream(.get, server.url + "/bomb") { response in
            var size = 0
            for try await piece in response.body {
              #expect(piece.count <= HTTPInflater.pieceLimit)
              size += piece.count
            }
            return size
          }
          #expect(size == 1_100_000)
          let cut = await #expect(throws: HTTPError.self) {
            try await session.stream(.get, server.url + "/cut") { for try await _ in $0.body {} }
          }
          #expect(cut?.code == .invalidContentEncoding)
        }
      }
    }
  }

  // MARK: Mocks

  @Test func `a mock answers by routes and keeps what was asked`() async throws {
    let mock = HTTPMock()
    mock.on(.get, "/users/*") { request in try .json(["path": request.url.path], to: request) }
    mock.on(.post, "https://a.org/users") { HTTPClientResponse(status: .created, to: $0) }
    mock.on(nil, "*/any*.txt") { HTTPClientResponse(body: Array("text".utf8), to: $0) }
    var configuration = HTTPSession.Configuration()
    configuration.baseURL = try HTTPURL("https://a.org")
    configuration.middleware = [mock]
    try await withHTTPSession(configuration) { session async throws in
      #expect(try await session.get("/users/7").json([String: String].self) == ["path": "/users/7"])
      #expect(try await session.post("/users", json: ["a": 1]).status == .created)
      let pieces = try await session.stream(.delete, "/x/any/b.txt") { try await $0.body.collect(upTo: 10) }
      #expect(pieces == Array("text".utf8))
      for (method, path) in [
        (HTTPRequest.Method.put, "/users"), (.get, "/other"), (.post, "https://b.org/users"),
      ] {
        let error = await #expect(throws: HTTPError.self) {
          try await session.send(session.request(method, path))
        }
        #expect(error?.code == .noRoute)
      }
      #expect(mock.requests.count == 6)
      #expect(mock.requests[1].body.bytes == Array(#"{"a":1}"#.utf8))
      #expect(mock.requests[1].fields[.userAgent] == "swift-asyncio")
    }
  }

  @Test func `a server is asked without a socket`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.baseURL = try HTTPURL("https://app")
    configuration.middleware = [
      HTTPInProcessServer { request in
        if request.path == "/pieces" {
          return HTTPServerResponse { writer in for number in 0..<3 { try await writer.write("\(number)") } }
        }
        if request.path == "/moved" {
          return HTTPServerResponse(status: .found, fields: [.location: "/pieces"])
        }
        return VerbTests.mirror(request)
      }
    ]
    try await withHTTPSession(configuration) { session async throws in
      #expect(try await session.get("/pieces").text == "012")
      #expect(try await session.get("/moved").history.count == 1)
      let text = try await session.put(
        "/a", body: .stream { try await $0.write("up") }, fields: [.userAgent: "me"]
      ).text
      #expect(text == "PUT /a\nuser-agent: me\ncontent-length: 2\n\nup")
      let streamed = try await session.stream(.get, "/pieces") { try await $0.body.collect(upTo: 10) }
      #expect(streamed == Array("012".utf8))
      #expect(try await session.head("/pieces").body.isEmpty)
    }
  }

  @Test func `what was recorded is played`() async throws {
    let recorder = HTTPRecorder()
    let count = Mutex(0)
    try await RunningServer.run(handler: { request in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return HTTPServerResponse(fields: [.eTag: "e"], body: Array("\(number) \(request.path)".utf8))
    }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [recorder]
      let recorded = try await withHTTPSession(configuration) { session async throws in
        [
          try await session.get(server.url + "/a").text, try await session.get(server.url + "/a").text,
          try await session.put(server.url + "/b", body: .text("x")).text,
        ]
      }
      configuration.middleware = [HTTPPlayer(recorder.recording)]
      try await withHTTPSession(configuration) { session async throws in
        let first = try await session.get(server.url + "/a")
        #expect(first[.eTag] == "e")
        let played = [
          first.text, try await session.get(server.url + "/a").text,
          try await session.put(server.url + "/b", body: .text("x")).text,
        ]
        #expect(played == recorded && played == ["1 /a", "2 /a", "3 /b"])
        #expect(try await session.get(server.url + "/a").text == "2 /a", "the last one again")
        _ = await #expect(throws: HTTPError.self) {
          try await session.put(server.url + "/b", body: .text("y"))
        }
      }
    }
  }
}
