import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Clients that want to hurt a server by HTTP/2: they are sent away, and others notice nothing.
@Suite(.virtualTime) struct HTTP2HostileClientTests {
  private static var configuration: HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.http2.acceptsPriorKnowledge = true
    configuration.headTimeout = .seconds(3)
    configuration.bodyTimeout = .seconds(5)
    configuration.idleTimeout = .seconds(7)
    configuration.writeTimeout = .seconds(11)
    return configuration
  }

  /// Runs `attack` beside an ordinary client, which must be served before, meanwhile and after.
  private static func attack(
    _ configuration: HTTPServer.Configuration = configuration, handler: HTTPServer.Handler? = nil,
    _ attack: (RunningServer) async throws -> Void
  ) async throws {
    let handler = handler ?? { HTTPServerResponse(text: $0.path) }
    try await RunningServer.run(configuration, handler: handler) { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      configuration.idleTimeout = .seconds(1)
      try await withHTTPSession(configuration) { session async throws in
        _ = try await session.get(server.url)
        let other = createTask {
          for _ in 0..<10 {
            let response = try await session.get(server.url)
            #expect(response.status == .ok)
          }
        }
        try await attack(server)
        try await other.value
        _ = try await session.get(server.url)
      }
      await settle()
      #expect(try openSockets(port: server.port) == 0)
    }
  }

  @Test func `requests that are taken back at once`() async throws {
    let running = Mutex((now: 0, most: 0))
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/slow" else { return HTTPServerResponse() }
      running.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { running.withLock { $0.now -= 1 } }
      try await sleep(for: .seconds(60))
      return HTTPServerResponse()
    }
    try await Self.attack(handler: handler) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      let sending = createTask { [stream = peer.stream] in
        for number in 0..<1000 {
          let id = number * 2 + 1
          try await stream.write(
            WireFrame.request("/slow", on: id).bytes + WireFrame.reset(id, .cancel).bytes)
        }
      }
      #expect(try await peer.goneAway() == .enhanceYourCalm)
      sending.cancel()
      peer.stream.close()
    }
    #expect(running.withLock { $0.most } <= 200)
    #expect(running.withLock { $0.now } == 0)
  }

  @Test func `a head in continuations without end`() async throws {
    try await Self.attack { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request(on: 1, flags: WireFrame.endStream))
      let sending = createTask { [stream = peer.stream] in
        for _ in 0..<10_000 { try await stream.write(WireFrame(kind: .continuation, stream: 1).bytes) }
      }
      #expect(try await peer.goneAway() == .enhanceYourCalm)
      sending.cancel()
      peer.stream.close()
    }
  }

  @Test func `a head that is too large, and one that unpacks to much more`() async throws {
    try await Self.attack { server async throws in
      let large = try await WirePeer.connect(port: server.port)
      let field = ("x", String(repeating: "a", count: 15_000))
      let parts = (0..<6).map { number in
        WireFrame(
          kind: number == 0 ? .headers : .continuation, flags: number == 5 ? WireFrame.endHeaders : 0,
          stream: 1,
          payload: WireFrame.block([field]))
      }
      let sending = createTask { [stream = large.stream] in try await stream.write(parts.flatMap(\.bytes)) }
      #expect(try await large.goneAway() != nil)
      _ = try? await sending.value
      large.stream.close()

      // One field of 4,000 bytes into the table, and then a reference to it per byte.
      let bomb = try await WirePeer.connect(port: server.port)
      var block = WireFrame.block([
        (":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/"),
      ])
      var indexed = WireFrame.block([("x", String(repeating: "a", count: 4000))])
      indexed[0] = 0x40
      block += indexed + Array(repeating: 0x80 | 62, count: 10_000)
      try await bomb.send(
        WireFrame(
          kind: .headers, flags: WireFrame.endHeaders | WireFrame.endStream, stream: 1, payload: block))
      #expect(try await bomb.goneAway() != nil)
      bomb.stream.close()
    }
  }

  @Test func `pings and settings without end`() async throws {
    for frame in [
      WireFrame.ping(), .settings(), WireFrame(kind: .priority, stream: 1, payload: [0, 0, 0, 0, 0]),
    ] {
      try await Self.attack { server async throws in
        let peer = try await WirePeer.connect(port: server.port)
        let sending = createTask { [stream = peer.stream] in
          for _ in 0..<1000 { try await stream.write(frame.bytes) }
        }
        #expect(try await peer.goneAway() == .enhanceYourCalm)
        sending.cancel()
        peer.stream.close()
      }
    }
  }

  @Test func `a window that is never opened`() async throws {
    try await Self.attack(handler: { request in
      HTTPServerResponse(body: [UInt8](repeating: 1, count: request.path == "/large" ? 100_000 : 1))
    }) { server async throws in
      let peer = try await WirePeer.connect(port: server.port, settings: [(4, 0)])
      let start = LoopClock.now
      try await peer.send(.request("/large", on: 1))
      // The head comes, the body cannot: after the write timeout the stream is reset, then the connection is idle.
      #expect(try await peer.next(.headers, on: 1) != nil)
      #expect(try await peer.next(.reset, on: 1)?.word(at: 0) == Int(HTTP2Error.Code.cancel.number))
      #expect(start.duration(to: .now) == .seconds(11))
      #expect(try await peer.goneAway() == .noError)
      #expect(start.duration(to: .now) == .seconds(18))
      peer.stream.close()
    }
  }

  @Test func `a client that does not read what it has asked for`() async throws {
    try await Self.attack(handler: { request in
      HTTPServerResponse(body: [UInt8](repeating: 1, count: request.path == "/large" ? 20_000_000 : 1))
    }) { server async throws in
      let peer = try await WirePeer.connect(port: server.port, settings: [(4, 0x7fff_ffff)])
      try await peer.send(.windowUpdate(0x7fff_0000))
      for stream in [1, 3, 5] { try await peer.send(.request("/large", on: stream)) }
      try await sleep(for: .seconds(60))
      // By now the server has closed: what it had sent, and no more, can be read.
      var count = 0
      while let frame = try await peer.next() { count += frame.payload.count }
      #expect(count < 20_000_000)
      peer.stream.close()
    }
  }

  @Test func `a client that says too little, or nothing`() async throws {
    for beginning in [
      WirePeer.preface, WirePeer.preface + WireFrame.settings().bytes, Array(WirePeer.preface.prefix(17)),
    ] {
      try await Self.attack { server async throws in
        let start = LoopClock.now
        let peer = WirePeer(try await TCPStream.connect(host: "127.0.0.1", port: server.port))
        try await peer.stream.write(beginning)
        while try await peer.next() != nil {}
        #expect(start.duration(to: .now) == .seconds(3))
        peer.stream.close()
      }
    }
  }

  @Test func `a body must come in time, and within its limit`() async throws {
    var configuration = Self.configuration
    configuration.maximumBodySize = 1000
    try await Self.attack(configuration) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      let start = LoopClock.now
      try await peer.send(.request(on: 1, flags: WireFrame.endHeaders), .data([1], on: 1, isLast: false))
      #expect(try await peer.next(.reset, on: 1)?.word(at: 0) == Int(HTTP2Error.Code.cancel.number))
      #expect(start.duration(to: .now) == .seconds(5))
      try await peer.send(
        .request(on: 3, flags: WireFrame.endHeaders),
        .data(Array(repeating: 1, count: 1001), on: 3, isLast: false))
      #expect(try await peer.next(.headers, on: 3) != nil)
      #expect(try await peer.next(.reset, on: 3)?.word(at: 0) == 0)
      peer.stream.close()
    }
  }

  @Test func `more requests than are allowed are refused`() async throws {
    var configuration = Self.configuration
    configuration.http2.maximumStreams = 2
    try await Self.attack(
      configuration,
      handler: { request in
        if request.path == "/slow" { try await sleep(for: .seconds(1)) }
        return HTTPServerResponse(text: "x")
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send((0..<5).map { .request("/slow", on: $0 * 2 + 1) })
      var refused: [Int] = []
      var answered: [Int] = []
      while refused.count + answered.count < 5, let frame = try await peer.next() {
        if frame.kind == .reset, frame.word(at: 0) == Int(HTTP2Error.Code.refusedStream.number) {
          refused.append(frame.stream)
        }
        if frame.kind == .headers { answered.append(frame.stream) }
      }
      #expect(refused == [5, 7, 9])
      #expect(answered == [1, 3])
      peer.stream.close()
    }
  }

  @Test func `what is no request is answered so, or reset`() async throws {
    let paths = Mutex<[String]>([])
    try await Self.attack(handler: { request in
      paths.withLock { $0.append(request.path) }
      return HTTPServerResponse()
    }) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      let start: [(String, String)] = [(":method", "GET"), (":scheme", "http"), (":path", "/bad")]
      let authority = [(":authority", "a")]
      // What the frames themselves must not hold.
      try await peer.send(
        .headers([(":method", "GET"), (":scheme", "http"), (":path", "/bad HTTP/1.1")] + authority, on: 1),
        .headers(start + authority + [("x", "a\u{0}b")], on: 3))
      for stream in [1, 3] {
        let reset = try await peer.next(.reset, on: stream)
        #expect(reset?.word(at: 0) == Int(HTTP2Error.Code.protocolError.number))
      }
      // What HTTP does not allow.
      try await peer.send(
        .headers(start + authority + [("x", "a\u{1}b")], on: 5),
        .headers(start + authority + [("host", "b")], on: 7),
        .headers(start + authority + [("host", "a"), ("host", "a")], on: 9),
        .headers(start + [("host", "a"), ("host", "b")], on: 11))
      for stream in [5, 7, 9, 11] {
        // In the table of fields the status 400 is the twelfth.
        #expect(try await peer.next(.headers, on: stream)?.payload.first == 0x8c)
      }
      try await peer.send(
        .headers([(":method", "GET"), (":scheme", "http"), (":path", "/good"), ("host", "a")], on: 13))
      #expect(try await peer.next(.headers, on: 13)?.payload.first == 0x88)
      peer.stream.close()
    }
    #expect(Set(paths.withLock { $0 }) == ["/", "/good"])
  }
}
