import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Testing

/// Responses that are compressed, as our client takes them apart.
@Suite(.virtualTime) struct HTTPCompressionTests {
  private static let text = String(repeating: "All work and no await makes Jack a dull boy.\n", count: 1000)

  private static var router: HTTPRouter {
    var router = HTTPRouter()
    router.use(HTTPCompression())
    router.get("/text") { _ in HTTPServerResponse(fields: [.eTag: "\"x\""], text: text) }
    router.get("/short") { _ in HTTPServerResponse(text: "short") }
    router.get("/image") { _ in
      HTTPServerResponse(fields: [.contentType: "image/png"], body: [UInt8](repeating: 0, count: 5000))
    }
    router.get("/stream") { _ in
      HTTPServerResponse(fields: [.contentType: "text/plain"]) { writer in
        for _ in 0..<100 { try await writer.write(text) }
      }
    }
    router.get("/encoded") { _ in
      HTTPServerResponse(fields: [.contentEncoding: "identity"], text: text)
    }
    return router
  }

  @Test func `text is compressed for who understands it`() async throws {
    try await RunningServer.run(router: Self.router) { server in
      try await withHTTPSession { session in
        let response = try await session.get("\(server.url)/text")
        #expect(response.text == Self.text)
        let stream = try await session.get("\(server.url)/stream")
        #expect(stream.text == String(repeating: Self.text, count: 100))
      }
      let head = "HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0.5\r\nConnection: close\r\n\r\n"
      let compressed = try await server.exchange("GET /text \(head)")
      #expect(compressed.contains("Content-Encoding: gzip\r\n"))
      #expect(compressed.contains("Vary: Accept-Encoding\r\n"))
      #expect(compressed.contains("ETag: W/\"x\"\r\n"))
      #expect(compressed.utf8.count < 2000)
      // The same is said to HEAD, but for what only the body would tell.
      let described = try await server.exchange("HEAD /text \(head)")
      #expect(described.contains("Content-Encoding: gzip\r\n"))
      #expect(described.contains("ETag: W/\"x\"\r\n"))
      #expect(!described.contains("Content-Length"))
      #expect(described.hasSuffix("\r\n\r\n"))
      for path in ["/short", "/image", "/encoded"] {
        let plain = try await server.exchange("GET \(path) \(head)")
        #expect(!plain.contains("gzip"), "\(path)")
      }
      for accepted in ["identity", "gzip;q=0", "br"] {
        let plain = try await server.exchange(
          "GET /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: \(accepted)\r\n\r\n")
        #expect(!plain.contains("Content-Encoding"), "\(accepted)")
        #expect(plain.contains("Vary: Accept-Encoding\r\n"))
        #expect(plain.hasSuffix(Self.text))
      }
    }
  }
}
