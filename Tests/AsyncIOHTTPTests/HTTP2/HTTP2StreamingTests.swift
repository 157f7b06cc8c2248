import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import AsyncIOHTTP

/// Bodies in pieces over HTTP/2.
@Suite(.virtualTime) struct HTTP2StreamingTests {
  @Test(arguments: HTTP2Way.allCases)
  func `bodies are streamed both ways, with trailers`(_ way: HTTP2Way) async throws {
    let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
    try await withHTTP2(way) { request in
      let body = request.body
      return HTTPServerResponse { writer in
        for start in stride(from: 0, to: body.count, by: 10_000) {
          try await writer.write(Array(body[start..<min(start + 10_000, body.count)]))
        }
        writer.trailers[.eTag] = "\(body.count)"
      }
    } _: { session, _ async throws in
      let body = HTTPRequestBody.stream { writer in
        for start in stride(from: 0, to: bytes.count, by: 70_000) {
          try await writer.write(Array(bytes[start..<start + 70_000]))
        }
      }
      try await session.stream(.post, "/", requestBody: body) { response async throws in
        #expect(response.version == .http2)
        #expect(try await response.body.collect(upTo: .max) == bytes)
        #expect(response.trailers[.eTag] == "700000")
      }
      let whole = try await session.post("/", body: body)
      #expect(whole.body == bytes)
      #expect(whole.trailers[.eTag] == "700000")
    }
  }

  @Test func `a slow reader stops its own stream, and no other`() async throws {
    let written = Mutex(0)
    try await withHTTP2 { request in
      guard request.path == "/endless" else {
        return HTTPServerResponse(body: [UInt8](repeating: 1, count: 300_000))
      }
      return HTTPServerResponse { writer in
        while true {
          try await writer.write([UInt8](repeating: 0, count: 50_000))
          written.withLock { $0 += 50_000 }
        }
      }
    } _: { session, _ async throws in
      try await session.stream(.get, "/endless") { response async throws in
        var pieces = response.body.makeAsyncIterator()
        _ = try await pieces.next()
        try await sleep(for: .seconds(10))
        let stopped = written.withLock { $0 }
        #expect(stopped < 4_000_000)
        for _ in 0..<20 { #expect(try await session.get("/").body.count == 300_000) }
        #expect(written.withLock { $0 } == stopped)
        var count = 0
        while count < 2_000_000 { count += try await pieces.next()?.count ?? 0 }
        #expect(written.withLock { $0 } > stopped)
      }
      // Left in the middle: its writer is stopped, and the connection serves on.
      #expect(try await session.get("/").body.count == 300_000)
    }
  }

  @Test func `an upload waits for a server that does not read`() async throws {
    let written = Mutex(0)
    try await ScriptedPeer.runFrames { peer, _ in
      guard let stream = try await peer.nextRequest() else { return }
      try await sleep(for: .seconds(10))
      #expect(written.withLock { $0 } <= 65_536 + 10_000)
      try await peer.send(.windowUpdate(1_000_000), .windowUpdate(1_000_000, on: stream))
      var count = 0
      while count < 300_000 {
        guard let frame = try await peer.next(.data, on: stream) else { return }
        count += frame.payload.count
      }
      try await peer.answer(stream, "\(count)")
      _ = try await peer.next(.goAway)
    } _: { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      try await withHTTPSession(configuration) { session async throws in
        let body = HTTPRequestBody.stream { writer in
          for _ in 0..<30 {
            try await writer.write([UInt8](repeating: 1, count: 10_000))
            written.withLock { $0 += 10_000 }
          }
        }
        #expect(try await session.post(server.url, body: body).text == "300000")
      }
    }
  }

  @Test func `a server that answers early is heard`() async throws {
    let wasStopped = Mutex(false)
    try await ScriptedPeer.runFrames { peer, _ in
      while let stream = try await peer.nextRequest() {
        try await peer.send(.headers([(":status", "403")], on: stream), .reset(stream, .noError))
      }
    } _: { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      try await withHTTPSession(configuration) { session async throws in
        let body = HTTPRequestBody.stream { writer in
          do {
            while true { try await writer.write([UInt8](repeating: 1, count: 10_000)) }
          } catch {
            wasStopped.withLock { $0 = true }
            throw error
          }
        }
        #expect(try await session.post(server.url, body: body).status == .forbidden)
        #expect(wasStopped.withLock { $0 })
        let large = HTTPRequestBody.bytes([UInt8](repeating: 1, count: 500_000))
        #expect(try await session.post(server.url, body: large).status == .forbidden)
        #expect(server.connectionCount == 1)
      }
    }
  }

  @Test(arguments: HTTP2Way.allCases)
  func `a large body may be answered while it comes`(_ way: HTTP2Way) async throws {
    try await withHTTP2(way, server: { $0.bodyHandling = { _ in .stream(upTo: .max) } }) { request in
      HTTPServerResponse { writer in
        for try await piece in request.bodyStream { try await writer.write(piece) }
      }
    } _: { session, _ async throws in
      // More than the windows of both sides hold.
      let bytes = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
      #expect(try await session.post("/", body: .bytes(bytes)).body == bytes)
    }
  }

  @Test func `a writer is over when the answer that has no body is returned`() async throws {
    let hasEnded = Mutex(false)
    try await ScriptedPeer.runFrames { peer, _ in
      while let stream = try await peer.nextRequest() {
        try await peer.send(.headers([(":status", "200")], on: stream))
      }
    } _: { server async throws in
      var configuration = HTTPSession.Configuration()
      configuration.http2 = .priorKnowledge
      try await withHTTPSession(configuration) { session async throws in
        let body = HTTPRequestBody.stream { writer in
          defer { hasEnded.withLock { $0 = true } }
          do { while true { try await writer.write([UInt8](repeating: 1, count: 10_000)) } } catch {
            try? await withShield { try await sleep(for: .seconds(3)) }
            throw error
          }
        }
        #expect(try await session.post(server.url, body: body).status == .ok)
        #expect(hasEnded.withLock { $0 })
      }
    }
  }

  @Test func `a body that fails is reset on either side`() async throws {
    struct Failure: Error {}
    try await withHTTP2 { request in
      guard request.method == .get else { return HTTPServerResponse(text: "x") }
      return HTTPServerResponse(length: 10) { writer in
        try await writer.write("half.")
        throw CancellationError()
      }
    } _: { session, _ async throws in
      let error = await #expect(throws: HTTPError.self) { try await session.get("/") }
      #expect(error?.code == .streamReset)
      #expect(
        error?.message.contains("stream 1 was reset by the peer: INTERNAL_ERROR") == true, "\(error as Any)")
      let body = HTTPRequestBody.stream { writer in
        try await writer.write("half")
        throw Failure()
      }
      await #expect(throws: Failure.self) { try await session.post("/", body: body) }
      #expect(try await session.post("/").text == "x")
    }
  }
}
