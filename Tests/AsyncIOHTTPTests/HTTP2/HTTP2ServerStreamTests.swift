import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Requests over HTTP/2, and their answers, on a server: the same as over HTTP/1.1.
@Suite(.virtualTime) struct HTTP2ServerStreamTests {
  private struct Failure: Error {}

  /// A configuration for peers that speak frames, with bodies that the handler reads.
  private static func streaming(
    upTo limit: Int = .max, _ configure: (inout HTTPServer.Configuration) -> Void = { _ in }
  ) -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.http2.acceptsPriorKnowledge = true
    configuration.bodyHandling = { _ in .stream(upTo: limit) }
    configuration.bodyTimeout = .seconds(5)
    configure(&configuration)
    return configuration
  }

  /// Runs `body` beside a server, and returns the errors of its handlers that were no answers.
  private static func failures(
    _ configuration: HTTPServer.Configuration, handler: @escaping HTTPServer.Handler,
    _ body: (RunningServer) async throws -> Void
  ) async throws -> [String] {
    let failures = Mutex<[String]>([])
    var configuration = configuration
    configuration.errorHandler = { error, _ in
      failures.withLock { $0.append("\(error)") }
      return HTTPServerResponse(status: .internalServerError)
    }
    try await RunningServer.run(configuration, handler: handler, body)
    return failures.withLock { $0 }
  }

  // MARK: Bodies that the handler reads

  @Test func `a body is read as it comes, and slows the client down`() async throws {
    let written = Mutex(0)
    try await withHTTP2(server: {
      $0.bodyHandling = { _ in .stream(upTo: .max) }
      $0.bodyTimeout = .seconds(5)
    }) { request in
      #expect(request.body.isEmpty)
      var pieces = request.bodyStream.makeAsyncIterator()
      var (count, sum) = (0, 0)
      while let piece = try await pieces.next() {
        if count == 0 {
          // Its own time, and not the client's.
          try await sleep(for: .seconds(20))
          #expect(written.withLock { $0 } < 2_000_000)
        }
        count += piece.count
        sum = piece.reduce(sum) { $0 &+ Int($1) }
      }
      return HTTPServerResponse(text: "\(count) \(sum)")
    } _: { session, _ async throws in
      let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0) }
      let expected = "5000000 \(body.reduce(0) { $0 + Int($1) })"
      for length in [5_000_000, nil] {
        written.withLock { $0 = 0 }
        let response = try await session.post(
          "/",
          body: .stream(length: length) { writer in
            for start in stride(from: 0, to: body.count, by: 100_000) {
              try await writer.write(Array(body[start..<start + 100_000]))
              written.withLock { $0 += 100_000 }
            }
          })
        #expect(response.text == expected)
      }
    }
  }

  @Test func `one task reads at a time, and none after the answer`() async throws {
    let kept = Mutex<(stream: HTTPRequestBodyStream?, reading: TaskHandle<[UInt8]>?)>((nil, nil))
    try await withHTTP2(server: { $0.bodyHandling = { _ in .stream(upTo: .max) } }) { request in
      let stream = request.bodyStream
      let reading = createTask { try await stream.collect(upTo: 10) }
      await settle()
      let error = await #expect(throws: HTTPServerError.self) { try await stream.collect(upTo: 10) }
      #expect(error?.code == .bodyBusy)
      if request.path == "/" { return HTTPServerResponse(body: try await reading.value) }
      kept.withLock { $0 = (stream, reading) }
      return HTTPServerResponse()
    } _: { session, _ async throws in
      let body = HTTPRequestBody.stream { writer in
        try await sleep(for: .seconds(1))
        try await writer.write("hello")
      }
      #expect(try await session.post("/", body: body).text == "hello")
      #expect(try await session.post("/left", body: body).status == .ok)
      let (stream, reading) = kept.withLock { $0 }
      let error = await #expect(throws: HTTPServerError.self) { try await reading?.value }
      #expect(error?.code == .bodyLeft)
      let later = await #expect(throws: HTTPServerError.self) { try await stream?.collect(upTo: 10) }
      #expect(later?.code == .bodyLeft)
    }
  }

  @Test func `a body has its limit, whether it is announced or not`() async throws {
    let count = Mutex(0)
    try await withHTTP2(server: { $0.bodyHandling = { _ in .stream(upTo: 10) } }) { request in
      count.withLock { $0 += 1 }
      return HTTPServerResponse(body: try await request.bodyStream.collect(upTo: 1000))
    } _: { session, _ async throws in
      let cases: [(String, Int?, HTTPResponse.Status)] = [
        ("helloworld", 10, .ok), ("hello world", nil, .contentTooLarge),
        ("hello world", 11, .contentTooLarge),
      ]
      for (text, length, status) in cases {
        let body = HTTPRequestBody.stream(length: length) { try await $0.write(text) }
        #expect(try await session.post("/", body: body).status == status)
      }
      #expect(count.withLock { $0 } == 2, "what is announced is refused without the handler")
    }
  }

  @Test func `a client is asked for the body when the handler wants it, and not after the answer`()
    async throws
  {
    let handler: HTTPServer.Handler = { request in
      try await sleep(for: .seconds(1))
      guard request.path == "/late" else {
        return HTTPServerResponse(body: try await request.bodyStream.collect(upTo: 10))
      }
      return HTTPServerResponse { writer in
        try await writer.write("so: ")
        try await writer.write(try await request.bodyStream.collect(upTo: 10))
      }
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      func ask(_ path: String, on stream: Int) async throws {
        try await peer.send(
          .headers(
            [
              (":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", path),
              ("expect", "100-continue"),
            ], on: stream, flags: WireFrame.endHeaders))
      }
      let start = LoopClock.now
      try await ask("/", on: 1)
      // In the table of fields 200 is the eighth, and 100 is not.
      let interim = try await peer.next(.headers, on: 1)
      #expect(interim?.payload.first != 0x88)
      #expect(start.duration(to: .now) == .seconds(1))
      try await peer.send(.data(Array("hello".utf8), on: 1))
      #expect(try await peer.next(.headers, on: 1)?.payload.first == 0x88)
      #expect(try await peer.next(.data, on: 1)?.payload == Array("hello".utf8))
      try await ask("/late", on: 3)
      #expect(try await peer.next(.headers, on: 3)?.payload.first == 0x88)
      #expect(try await peer.next(.data, on: 3)?.payload == Array("so: ".utf8))
      await settle()
      try await peer.send(.data(Array("hello".utf8), on: 3))
      let next = try await peer.next()
      #expect(next?.kind == .data)
      #expect(next?.payload == Array("hello".utf8))
      peer.stream.close()
    }
  }

  @Test func `a body that the handler reads must come at a rate`() async throws {
    let duration = Mutex<Duration?>(nil)
    let failures = try await Self.failures(
      Self.streaming { $0.minimumBodyRate = 100 },
      handler: { request in
        let start = LoopClock.now
        defer { duration.withLock { $0 = start.duration(to: .now) } }
        return HTTPServerResponse(body: try await request.bodyStream.collect(upTo: .max))
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request(on: 1, flags: WireFrame.endHeaders))
      let sending = createTask { [stream = peer.stream] in
        for _ in 0..<100 {
          try await stream.write(WireFrame.data([UInt8](repeating: 1, count: 10), on: 1, isLast: false).bytes)
          try await sleep(for: .seconds(1))
        }
      }
      #expect(try await peer.next(.reset, on: 1)?.word(at: 0) == Int(HTTP2Error.Code.cancel.number))
      sending.cancel()
      peer.stream.close()
    }
    let time = try #require(duration.withLock { $0 })
    #expect((.seconds(5)...Duration.seconds(6)).contains(time))
    #expect(failures == [], "the client has failed, and not the handler")
  }

  @Test func `an upload that is broken off is no failure of the handler`() async throws {
    let wasThrown = Mutex(false)
    let failures = try await Self.failures(
      Self.streaming(),
      handler: { request in
        do {
          for try await _ in request.bodyStream {}
        } catch {
          wasThrown.withLock { $0 = true }
          throw error
        }
        return HTTPServerResponse()
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request(on: 1, flags: WireFrame.endHeaders), .data([1], on: 1, isLast: false))
      await settle()
      try await peer.send(.reset(1, .cancel))
      await settle()
      #expect(wasThrown.withLock { $0 })
      peer.stream.close()
    }
    #expect(failures == [])
  }

  // MARK: Answers

  @Test func `a length of the handler's own that is wrong is its failure`() async throws {
    try await withHTTP2 { request in
      let fields: HTTPFields = [.contentLength: "7"]
      switch request.path {
      case "/right": return HTTPServerResponse(fields: fields, text: "rightly")
      case "/none": return HTTPServerResponse(status: .notModified, fields: fields)
      case "/stream": return HTTPServerResponse(fields: fields) { try await $0.write("x") }
      default: return HTTPServerResponse(fields: fields, body: [1])
      }
    } _: { session, _ async throws in
      // More than there may be at a time.
      for _ in 0..<120 { #expect(try await session.get("/wrong").status == .internalServerError) }
      #expect(try await session.get("/stream").status == .internalServerError)
      #expect(try await session.head("/wrong").status == .internalServerError)
      #expect(try await session.get("/right").text == "rightly")
      #expect(try await session.get("/none")[.contentLength] == "7")
    }
  }

  @Test(arguments: [100, 101, 103]) func `an interim status is no answer`(_ code: Int) async throws {
    try await withHTTP2 { _ in
      HTTPServerResponse(status: .init(code: code), text: "x")
    } _: {
      session, _ async throws in
      #expect(try await session.get("/").status == .internalServerError)
    }
  }

  @Test func `a body in pieces may pause as long as it likes`() async throws {
    try await withHTTP2(server: {
      $0.writeTimeout = .seconds(3)
      $0.bodyTimeout = .seconds(2)
      $0.bodyHandling = { _ in .stream(upTo: .max) }
    }) { request in
      HTTPServerResponse { writer in
        try await sleep(for: .seconds(8))
        for try await piece in request.bodyStream {
          try await writer.write(piece)
          try await sleep(for: .seconds(8))
        }
      }
    } _: { session, _ async throws in
      #expect(try await session.post("/", body: .bytes(Array("hello".utf8))).text == "hello")
    }
  }

  @Test func `files are sent, whole and in parts`() async throws {
    try await withTemporaryDirectory { folder in
      let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      try await FileSystem.write(large, to: folder.appending("large"))
      let files = try HTTPStaticFiles(folder)
      for way in HTTP2Way.allCases {
        try await withHTTP2(way, handler: { try await files.respond(to: $0) }) { session, _ async throws in
          let whole = try await session.get("/large")
          #expect(whole.version == .http2)
          #expect(whole.body == large)
          let head = try await session.head("/large")
          #expect(head[.contentLength] == "3000000")
          #expect(head.body.isEmpty)
          let part = try await session.get("/large", fields: [.range: "bytes=1000000-2500000"])
          #expect(part.status == .partialContent)
          #expect(part.body == Array(large[1_000_000...2_500_000]))
          let parts = try await session.get("/large", fields: [.range: "bytes=0-9,2999990-"])
          #expect(parts[.contentType]?.hasPrefix("multipart/byteranges") == true)
          #expect(parts[.contentLength] == "\(parts.body.count)")
        }
      }
    }
  }

  @Test func `each answer is noted when it was sent`() async throws {
    let log = Mutex<[HTTPAccessRecord]>([])
    try await withHTTP2(server: { $0.accessLog = { record in log.withLock { $0.append(record) } } }) {
      request in
      if request.path == "/missing" { throw HTTPStatusError(.notFound) }
      if request.path == "/bytes" { return HTTPServerResponse(body: [UInt8](repeating: 0, count: 100_000)) }
      return HTTPServerResponse { writer in
        try await writer.write("hello, ")
        try await sleep(for: .seconds(2))
        try await writer.write("world")
      }
    } _: { session, _ async throws in
      for path in ["/missing", "/bytes", "/stream"] { _ = try await session.get(path) }
      _ = try await session.head("/bytes")
    }
    let records = log.withLock { $0 }
    #expect(
      records.map { "\($0.request) \($0.status.code) \($0.size)" } == [
        "GET /missing 404 14", "GET /bytes 200 100000", "GET /stream 200 12", "HEAD /bytes 200 0",
      ])
    #expect(records.first { $0.request.path == "/stream" }?.duration == .seconds(2))
  }

  // MARK: Time

  @Test(arguments: ["/hang", "/deaf", "/other"])
  func `a handler that takes too long is answered for, whatever it does then`(_ path: String) async throws {
    let ended = Mutex<Duration?>(nil)
    let log = Mutex(0)
    let failures = Mutex(0)
    try await withHTTP2(server: {
      $0.requestTimeout = .seconds(5)
      $0.accessLog = { _ in log.withLock { $0 += 1 } }
      $0.errorHandler = { _, _ in
        failures.withLock { $0 += 1 }
        return HTTPServerResponse(status: .internalServerError)
      }
    }) { request in
      let start = LoopClock.now
      defer { ended.withLock { $0 = start.duration(to: .now) } }
      switch request.path {
      case "/deaf": try? await withShield { try await sleep(for: .seconds(30)) }
      case "/other":
        do { try await sleep(for: .seconds(1000)) } catch { throw Failure() }
      default: try await sleep(for: .seconds(1000))
      }
      return HTTPServerResponse(text: "too late")
    } _: { session, _ async throws in
      let start = LoopClock.now
      let response = try await session.get(path)
      #expect(response.status == .serviceUnavailable)
      #expect(start.duration(to: .now) == .seconds(5))
      try await sleep(for: .seconds(60))
      #expect(ended.withLock { $0 } == .seconds(path == "/deaf" ? 30 : 5))
      #expect(log.withLock { $0 } == 0, "the handler has not answered")
      #expect(failures.withLock { $0 } == (path == "/other" ? 1 : 0))
    }
  }
}
