import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Servers that go away, refuse, reset and break, and what becomes of the requests.
@Suite(.virtualTime) struct HTTP2RetryTests {
  private static func withSession<Result>(_ body: (HTTPSession) async throws -> Result) async throws -> Result
  {
    var configuration = HTTPSession.Configuration()
    configuration.http2 = .priorKnowledge
    return try await withHTTPSession(configuration, body)
  }

  @Test func `requests beyond the last stream of a server that goes away are sent again`() async throws {
    try await ScriptedPeer.runFrames { peer, number in
      guard number == 0 else {
        while let stream = try await peer.nextRequest() { try await peer.answer(stream, "second") }
        return
      }
      var streams: [Int] = []
      while streams.count < 5, let stream = try await peer.nextRequest() { streams.append(stream) }
      #expect(streams == [1, 3, 5, 7, 9])
      try await peer.send(.goAway(5, .noError))
      // Those up to the last one are answered all the same.
      try await sleep(for: .seconds(1))
      for stream in [5, 1, 3] { try await peer.answer(stream, "first") }
      #expect(try await peer.next() != nil)
    } _: { server async throws in
      try await Self.withSession { session async throws in
        // POST: what was surely not processed may be repeated whatever it is.
        let texts = try await gather(0..<5) { _ in try await session.post(server.url).text }
        #expect(texts == ["first", "first", "first", "second", "second"])
        #expect(try await session.get(server.url).text == "second")
        #expect(server.connectionCount == 2)
      }
    }
  }

  @Test func `a refused request is sent again, and not for ever`() async throws {
    let refusals = Mutex(0)
    try await ScriptedPeer.runFrames { peer, _ in
      while let frame = try await peer.next(.headers) {
        let mustRefuse = refusals.withLock { count in
          count += 1
          return count == 1 || count > 2
        }
        if mustRefuse {
          try await peer.send(.reset(frame.stream, .refusedStream))
        } else {
          try await peer.answer(frame.stream, "done")
        }
      }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        #expect(try await session.post(server.url).text == "done")
        let error = await #expect(throws: HTTPError.self) { try await session.post(server.url) }
        #expect(error?.code == .streamReset)
        #expect(error?.message.contains("REFUSED_STREAM") == true)
        #expect((error?.underlying as? HTTP2Error)?.code == .refusedStream)
        #expect(refusals.withLock { $0 } == 6)
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test func `a reset names the stream and the code`() async throws {
    try await ScriptedPeer.runFrames { peer, _ in
      while let stream = try await peer.nextRequest() {
        try await peer.send(.reset(stream, .enhanceYourCalm))
      }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        for stream in [1, 3] {
          let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
          #expect(error?.code == .streamReset)
          #expect(
            error?.message == "GET \(server.url): no answer over HTTP/2 while waiting for the response: "
              + "stream \(stream) was reset by the peer: ENHANCE_YOUR_CALM")
        }
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test func `a lost connection is an error for each, and idempotent requests on a used one are sent again`()
    async throws
  {
    try await ScriptedPeer.runFrames { peer, number in
      if number == 0 {
        guard let first = try await peer.nextRequest() else { return }
        try await peer.answer(first, "first")
        for _ in 0..<2 { _ = try await peer.nextRequest() }
        // Closed with two requests open.
        return
      }
      while let stream = try await peer.nextRequest() { try await peer.answer(stream, "second") }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        #expect(try await session.get(server.url).text == "first")
        let lost = createTask { try await session.post(server.url) }
        let repeated = createTask { try await session.get(server.url).text }
        let error = await #expect(throws: HTTPError.self) { try await lost.value }
        #expect(error?.code == .connectionLost)
        #expect(error?.message.contains("stream 3 ended with its connection") == true, "\(error as Any)")
        #expect(try await repeated.value == "second")
      }
    }
  }

  private struct Passing: HTTPMiddleware {
    func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
      try await next(request)
    }
  }

  @Test(arguments: [false, true])
  func `a server that has gone without a word is asked no more on that connection`(_ hasMiddleware: Bool)
    async throws
  {
    try await ScriptedPeer.runFrames { peer, number in
      while let stream = try await peer.nextRequest() {
        if number > 0 || stream == 1 { try await peer.answer(stream, "\(number)") }
      }
    } _: { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      if hasMiddleware { configuration.middleware = [Passing()] }
      try await withHTTPSession(configuration) { session async throws in
        #expect(try await session.get(server.url).text == "0")
        await #expect(throws: TimeoutError.self) { try await session.get(server.url, timeout: .seconds(3)) }
        #expect(try await session.get(server.url).text == "1")
        #expect(server.connectionCount == 2)
      }
    }
  }

  // MARK: Where a request is sent again

  /// How a request comes to another server than the one that its caller has asked.
  private enum Detour: CaseIterable { case redirect, middleware }
  private enum Loss: CaseIterable { case refused, goneAway, lost }

  private struct Elsewhere: HTTPMiddleware {
    let url: HTTPURL
    func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
      var request = request
      request.url = url
      return try await next(request)
    }
  }

  @Test(arguments: Detour.allCases, Loss.allCases)
  private func `a request is sent again to the server that it has come to`(_ detour: Detour, _ loss: Loss)
    async throws
  {
    let asked = Mutex<[String]>([])
    try await ScriptedPeer.runFrames { peer, number in
      if number == 0 {
        guard let first = try await peer.nextRequest() else { return }
        try await peer.answer(first, "first")
        guard let second = try await peer.nextRequest() else { return }
        switch loss {
        case .refused: try await peer.send(.reset(second, .refusedStream))
        case .goneAway: try await peer.send(.goAway(first, .noError))
        case .lost: return
        }
      }
      while let stream = try await peer.nextRequest() { try await peer.answer(stream, "second") }
    } _: { there async throws in
      var serverConfiguration = HTTPServer.Configuration()
      serverConfiguration.http2.acceptsPriorKnowledge = true
      let url = there.url
      try await RunningServer.run(
        serverConfiguration,
        handler: { request in
          asked.withLock { $0.append(request.path) }
          return HTTPServerResponse(status: .found, fields: [.location: url])
        }
      ) { here async throws in
        var configuration = HTTPSession.Configuration()
        configuration.http2 = .priorKnowledge
        if detour == .middleware { configuration.middleware = [Elsewhere(url: try HTTPURL(url))] }
        try await withHTTPSession(configuration) { session async throws in
          #expect(try await session.get(url).text == "first")
          #expect(try await session.get(here.url).text == "second")
        }
        #expect(asked.withLock { $0 } == (detour == .redirect ? ["/"] : []))
      }
    }
  }

  @Test func `a connection that has turned a request away is given to no other`() async throws {
    try await ScriptedPeer.runFrames { peer, number in
      while let stream = try await peer.nextRequest() { try await peer.answer(stream, "\(number)") }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        #expect(try await session.get(server.url).text == "0")
        let carrier = session.pool.state.withLock { $0.origins.values.first?.shared }
        let connection = try #require(carrier?.places.connection)
        // It has ended, and the task that reads, perhaps on another thread, has not told the pool yet.
        connection.pipeline.turn { _ in connection.handler.fail(HTTP2Error.notOpened()) }
        #expect(try await session.post(server.url).text == "1")
      }
    }
  }

  // MARK: Errors

  @Test func `an error of the connection is told with its reason`() async throws {
    try await ScriptedPeer.runFrames { peer, _ in
      _ = try await peer.nextRequest()
      try await peer.send(.goAway(1, .enhanceYourCalm, "too many pings"))
    } _: { server async throws in
      try await Self.withSession { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .connectionLost)
        #expect(
          error?.message.contains(#"GOAWAY ENHANCE_YOUR_CALM ("too many pings")"#) == true, "\(error as Any)")
      }
    }
  }

  @Test func `a server that breaks the protocol is left, with a reason on either side`() async throws {
    let codes = Mutex<[HTTP2Error.Code?]>([])
    try await ScriptedPeer.runFrames { peer, _ in
      _ = try await peer.nextRequest()
      // A frame of data on a stream that nobody has opened.
      try await peer.send(.data([1], on: 99))
      let code = try await peer.goneAway()
      codes.withLock { $0.append(code) }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .connectionLost)
        #expect(error?.message.contains("PROTOCOL_ERROR") == true, "\(error as Any)")
      }
      await settle()
      #expect(codes.withLock { $0 } == [.protocolError])
    }
  }

  @Test func `a malformed response fails its request alone`() async throws {
    try await ScriptedPeer.runFrames { peer, _ in
      while let stream = try await peer.nextRequest() {
        if stream == 1 {
          try await peer.send(.headers([(":status", "200"), ("Upper", "case")], on: stream))
        } else {
          try await peer.answer(stream, "fine")
        }
      }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .streamReset)
        #expect(error?.message.contains("stream 1 was given up: PROTOCOL_ERROR") == true, "\(error as Any)")
        #expect(try await session.get(server.url).text == "fine")
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test func `interim responses are passed over, but not without end`() async throws {
    try await ScriptedPeer.runFrames { peer, _ in
      while let stream = try await peer.nextRequest() {
        let interim = WireFrame.headers([(":status", "103")], on: stream, flags: WireFrame.endHeaders)
        try await peer.send(Array(repeating: interim, count: stream == 1 ? 3 : 40))
        try await peer.answer(stream, "final")
      }
    } _: { server async throws in
      try await Self.withSession { session async throws in
        #expect(try await session.get(server.url).text == "final")
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .tooManyInterimResponses)
      }
    }
  }
}
