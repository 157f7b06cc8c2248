import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import Testing

@testable import AsyncIOHTTP

/// Requests to a server that listens on a Unix socket.
@Suite(.virtualTime) struct UnixSocketTests {
  private static func answer(_ stream: some ByteStream) async throws {
    var bytes: [UInt8] = []
    while try await stream.read(appendingTo: &bytes, atMost: 4096) > 0 {
      guard bytes.ends(with: "\r\n\r\n".utf8) else { continue }
      let line = String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self)
      bytes = []
      try await stream.write(
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(line.utf8.count)\r\n\r\n\(line)".utf8))
    }
  }

  @Test(arguments: [HTTPURL.Scheme.http, .https])
  func `whatever host is asked for, the socket answers`(_ scheme: HTTPURL.Scheme) async throws {
    let address = UnixAddress.abstract("swift-asyncio-http-\(UInt64.random(in: 0 ... .max))")
    let listener = try UnixListener(address)
    let context = try HTTPCertificates.server()
    let serving = createTask {
      try await listener.serve { stream in
        if scheme == .http {
          try await Self.answer(stream)
        } else {
          try await Self.answer(TLSStream.server(over: stream, context: context))
        }
      }
    }
    defer { serving.cancel() }
    var configuration = try HTTPCertificates.configuration()
    configuration.unixSocket = address
    // The socket comes before any proxy.
    configuration.proxies = .all(try HTTPProxy("http://127.0.0.1:1"))
    try await withHTTPSession(configuration) { session async throws in
      #expect(try await session.get("\(scheme.rawValue)://server.test/a").text == "GET /a HTTP/1.1")
      #expect(try await session.get("\(scheme.rawValue)://localhost/b").text == "GET /b HTTP/1.1")
    }
  }

  @Test func `a socket that is not there is a clear error`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.unixSocket = .path("/nonexistent/socket")
    try await withHTTPSession(configuration) { session async throws in
      let error = await #expect(throws: HTTPError.self) { try await session.get("http://localhost/") }
      #expect(error?.code == .connectionFailed)
      #expect(error?.message.contains("/nonexistent/socket") == true)
    }
  }
}
