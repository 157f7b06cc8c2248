import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import HTTPTypes
import Testing

/// Our client against our server.
struct HTTPServerTests {
  @Test func `a request is answered`() async throws {
    try await withTimeout(.seconds(10)) {
      let server = try HTTPServer(port: 0) { request in
        HTTPServerResponse(text: "\(request.method) \(request.path)")
      }
      let serving = createTask { try await server.serve() }
      try await withHTTPSession { session in
        for _ in 0..<3 {
          let response = try await session.get("http://127.0.0.1:\(server.localAddress.port)/hello?x=1")
          #expect(response.status == .ok)
          #expect(response.text == "GET /hello")
          #expect(response[.contentType] == "text/plain; charset=utf-8")
        }
      }
      server.close()
      try await serving.value
    }
  }
}
