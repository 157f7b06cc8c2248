import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// How responses of all kinds are sent.
@Suite(.virtualTime) struct HTTPServerResponseTests {
  private struct Failure: Error {}

  /// Errors are part of these tests and need no report on standard error.
  private static var quiet: HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.errorHandler = { error, request in
      HTTPServerResponse(status: .internalServerError, text: "\(type(of: error)) in \(request.path)")
    }
    return configuration
  }

  private func answer(
    _ request: String = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", _ handler: @escaping HTTPServer.Handler
  ) async throws -> String {
    try await RunningServer.run(Self.quiet, handler: handler) { try await $0.exchange(request).withoutDates }
  }

  @Test func `nothing is an answer too`() async throws {
    let answer = try await answer { _ in HTTPServerResponse() }
    #expect(answer == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
  }

  @Test(arguments: [1, 16_384, 16_385, 3_000_000])
  func `a body of any size is sent`(_ size: Int) async throws {
    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try await RunningServer.run(handler: { _ in HTTPServerResponse(body: body) }) { server in
      try await withHTTPSession { session in
        for _ in 0..<2 {
          let response = try await session.get(server.url)
          #expect(response.body == body)
        }
      }
    }
  }

  @Test(arguments: [204, 304]) func `some statuses have no body`(_ code: Int) async throws {
    let answer = try await answer { _ in
      HTTPServerResponse(status: .init(code: code, reasonPhrase: "R"), text: "dropped")
    }
    #expect(answer == "HTTP/1.1 \(code) R\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
  }

  @Test func `a response to HEAD announces its body and has none`() async throws {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
    let fixed = try await answer(head) { _ in HTTPServerResponse(fields: [.eTag: "x"], body: [1, 2, 3]) }
    #expect(fixed == "HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 3\r\n\r\n")
    let streamed = try await answer(head) { _ in
      HTTPServerResponse { _ in Issue.record("nobody asked for the body") }
    }
    #expect(streamed == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
  }

  @Test func `a handler's own date stands`() async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(fields: [.date: "now"]) }) { server in
      let answer = try await server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answer == "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 0\r\n\r\n")
    }
  }

  // MARK: Streams

  @Test func `a stream is sent in chunks`() async throws {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await answer(request + request) { _ in
      HTTPServerResponse { writer in
        try await writer.write("hello")
        try await writer.write("")
        try await writer.write(", world")
        writer.trailers[.eTag] = "x"
      }
    }
    let one =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\nETag: x\r\n\r\n"
    #expect(answer == one + one)
  }

  @Test func `a stream of known length is sent as it is`() async throws {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await answer(request + request) { _ in
      HTTPServerResponse(length: 5) { writer in
        try await writer.write("hel")
        try await writer.write("lo")
      }
    }
    let one = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    #expect(answer == one + one)
  }

  @Test func `a stream to an old client ends with the connection`() async throws {
    let answer = try await answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") { _ in
      HTTPServerResponse { try await $0.write("hello") }
    }
    #expect(answer == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
  }

  @Test func `a large stream arrives whole`() async throws {
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000)
    try await RunningServer.run {
      _ in
      HTTPServerResponse { writer in for _ in 0..<50 { try await writer.write(piece) } }
    } _: { server in
      try await withHTTPSession { session in
        let response = try await session.get(server.url)
        #expect(response.body.count == 5_000_000)
      }
    }
  }

  @Test func `a piece is sent when it is written, and the head before if need be`() async throws {
    try await RunningServer.run { _ in
      HTTPServerResponse { writer in
        try await writer.flush()
        try await sleep(for: .seconds(1))
        try await writer.write("hello")
        try await sleep(for: .seconds(1))
      }
    } _: { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      let start = LoopClock.now
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      _ = try await stream.read(until: "\r\n\r\n")
      #expect(start.duration(to: .now) == .zero)
      _ = try await stream.read(until: "hello\r\n")
      #expect(start.duration(to: .now) == .seconds(1))
      _ = try await stream.read(until: "0\r\n\r\n")
      #expect(start.duration(to: .now) == .seconds(2))
      stream.close()
    }
  }

  // MARK: Failures

  @Test func `an error of the handler is answered`() async throws {
    let request = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await answer(request + request) { _ in throw Failure() }
    let one =
      "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\n"
      + "Failure in /a"
    #expect(answer == one + one)
  }

  @Test func `a response that cannot be sent becomes an error`() async throws {
    let answer = try await answer { _ in HTTPServerResponse(fields: [.contentLength: "7"], body: [1]) }
    #expect(answer.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
  }

  @Test(arguments: [100, 101, 103]) func `an interim status is no answer`(_ code: Int) async throws {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await answer(request + request) { _ in
      HTTPServerResponse(status: .init(code: code, reasonPhrase: "R"), text: "x")
    }
    #expect(answer.occurrences(of: "HTTP/1.1 500 Internal Server Error\r\n") == 2)
    #expect(answer.occurrences(of: "HTTP/1.1 ") == 2)
  }

  @Test func `a stream that fails cuts the connection`() async throws {
    let failing: [@Sendable (HTTPResponseWriter) async throws -> Void] = [
      { _ in throw Failure() },
      { writer in
        try await writer.write("hello")
        throw Failure()
      },
      { writer in
        try await writer.write("hello")
        writer.trailers[.contentLength] = "5"
      },
    ]
    for write in failing {
      try await RunningServer.run(Self.quiet, handler: { _ in HTTPServerResponse(write: write) }) { server in
        try await withHTTPSession { session in
          _ = await #expect(throws: (any Error).self) { try await session.get(server.url) }
        }
      }
    }
  }

  @Test(arguments: ["hell", "hello!"])
  func `a stream that does not keep its word cuts the connection`(_ text: String) async throws {
    let code = Mutex<HTTPServerError.Code?>(nil)
    try await RunningServer.run(Self.quiet) { _ in
      HTTPServerResponse(length: 5) { writer in
        do {
          try await writer.write(text)
        } catch let error as HTTPServerError {
          code.withLock { $0 = error.code }
          throw error
        }
      }
    } _: { server in
      try await withHTTPSession { session in
        _ = await #expect(throws: (any Error).self) { try await session.get(server.url) }
      }
    }
    #expect(code.withLock { $0 } == (text.count > 5 ? .bodyTooLong : nil))
  }

  @Test func `a client that leaves ends the stream`() async throws {
    let ended = Mutex(false)
    try await RunningServer.run { _ in
      HTTPServerResponse { writer in
        defer { ended.withLock { $0 = true } }
        while true {
          try await writer.write("hello")
          try await sleep(for: .seconds(1))
        }
      }
    } _: { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      try await stream.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      _ = try await stream.read(until: "hello\r\n")
      stream.close()
      try await sleep(for: .seconds(5))
      #expect(ended.withLock { $0 })
    }
  }
}
