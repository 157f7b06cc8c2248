import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// How a server's connections over HTTP/2 end.
@Suite(.virtualTime) struct HTTP2EndingTests {
  private static var configuration: HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.http2.acceptsPriorKnowledge = true
    configuration.idleTimeout = .seconds(7)
    return configuration
  }

  @Test func `a gentle end finishes what is under way, and says what that is`() async throws {
    try await RunningServer.run(
      Self.configuration,
      handler: { request in
        try await sleep(for: .seconds(2))
        return HTTPServerResponse(text: request.path)
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request("/a", on: 1))
      try await sleep(for: .seconds(1))
      server.server.close()
      #expect(try await peer.next(.goAway)?.word(at: 0) == 1)
      // The client has sent this before it has read that; it may send it again elsewhere.
      try await peer.send(.request("/b", on: 3))
      #expect(try await peer.next(.data)?.payload == Array("/a".utf8))
      #expect(try await peer.next(.data) == nil)
      try await server.serving.value
      peer.stream.close()
    }
  }

  @Test func `an idle connection is closed with a farewell`() async throws {
    try await RunningServer.run(Self.configuration, handler: { _ in HTTPServerResponse() }) {
      server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      let start = LoopClock.now
      try await peer.send(.request(on: 1))
      #expect(try await peer.goneAway() == .noError)
      #expect(start.duration(to: .now) == .seconds(7))
      let idle = try await WirePeer.connect(port: server.port)
      try await idle.send(.request(on: 1))
      _ = try await idle.next(.headers)
      server.server.close()
      #expect(try await idle.goneAway() == .noError)
      try await server.serving.value
    }
  }

  @Test(arguments: 0..<70)
  func `a request that comes just when the connection ends is answered, or known not to be handled`(
    _ steps: Int
  ) async throws {
    let handled = Mutex<[String]>([])
    try await RunningServer.run(
      Self.configuration,
      handler: { request in
        handled.withLock { $0.append(request.path) }
        if request.path == "/late" { try await sleep(for: .seconds(1)) }
        return HTTPServerResponse(text: request.path)
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request("/early", on: 1))
      #expect(try await peer.next(.data, on: 1)?.payload == Array("/early".utf8))
      await settle()
      try await peer.send(.request("/late", on: 3))
      // The loop looks at sockets after 64 of them: so in one case the request can be read, and is not yet.
      for _ in 0..<steps { try await checkpoint() }
      server.server.close()
      var (isAnswered, isUnprocessed) = (false, false)
      while let frame = try await peer.next() {
        switch frame.kind {
        case .data where frame.stream == 3: isAnswered = frame.payload == Array("/late".utf8)
        case .reset where frame.stream == 3:
          isUnprocessed = frame.word(at: 0) == Int(HTTP2Error.Code.refusedStream.number)
        case .goAway where frame.word(at: 0) < 3: isUnprocessed = true
        default: break
        }
      }
      #expect(isAnswered != isUnprocessed)
      #expect(handled.withLock { $0 } == (isAnswered ? ["/early", "/late"] : ["/early"]))
      try await server.serving.value
      peer.stream.close()
    }
  }

  @Test func `a server that is cancelled cancels its handlers`() async throws {
    let cancelled = Mutex(0)
    try await withHTTP2 { _ in
      do { try await sleep(for: .seconds(60)) } catch {
        cancelled.withLock { $0 += 1 }
        throw error
      }
      return HTTPServerResponse()
    } _: { session, server async throws in
      let requests = (0..<3).map { _ in createTask { try await session.post("/") } }
      try await sleep(for: .seconds(1))
      server.serving.cancel()
      for request in requests { await #expect(throws: HTTPError.self) { try await request.value } }
      _ = try? await server.serving.value
      #expect(cancelled.withLock { $0 } == 3)
    }
  }

  @Test func `a client that goes has its handlers cancelled`() async throws {
    let cancelled = Mutex(0)
    try await RunningServer.run(
      Self.configuration,
      handler: { _ in
        do { try await sleep(for: .seconds(60)) } catch {
          cancelled.withLock { $0 += 1 }
          throw error
        }
        return HTTPServerResponse()
      }
    ) { server async throws in
      let peer = try await WirePeer.connect(port: server.port)
      try await peer.send(.request(on: 1), .request(on: 3))
      try await sleep(for: .seconds(1))
      peer.stream.close()
      await settle()
      #expect(cancelled.withLock { $0 } == 2)
    }
  }

  @Test func `plain connections of either version are told apart`() async throws {
    try await RunningServer.run(Self.configuration, handler: { HTTPServerResponse(text: $0.path) }) {
      server async throws in
      #expect(try await server.exchange("GET /one HTTP/1.1\r\nHost: a\r\n\r\n").hasSuffix("\r\n\r\n/one"))
      #expect(try await server.exchange("PRI * HTTP/1.1\r\nHost: a\r\n\r\n").contains(" 200 ") == false)
      let peer = WirePeer(try await TCPStream.connect(host: "127.0.0.1", port: server.port))
      // Byte by byte, as a slow network may bring it.
      for byte in WirePeer.preface + WireFrame.settings().bytes + WireFrame.request("/two", on: 1).bytes {
        try await peer.stream.write([byte])
        await settle()
      }
      #expect(try await peer.next(.data, on: 1)?.payload == Array("/two".utf8))
      peer.stream.close()
    }
    try await RunningServer.run(handler: { HTTPServerResponse(text: $0.path) }) { server async throws in
      let answer = try await server.exchange(String(decoding: WirePeer.preface, as: UTF8.self))
      #expect(answer.hasPrefix("HTTP/1.1 505"))
    }
  }
}
