import AsyncIO
import AsyncIOHTTP

/// A server that says hello on a port of the loopback interface, until it is killed: `asynciobench httpserver 18090`.
///
/// It prints nothing: wrk counts (`compare-server`).
func serveHello(port: String?) async throws {
  var router = HTTPRouter()
  router.get("/hello") { _ in HTTPServerResponse(text: "Hello, world!") }
  router.get("/users/:id") { request in HTTPServerResponse(text: "User \(request.parameters["id"] ?? "")") }
  try await HTTPServer(port: port.flatMap { Int($0) } ?? 0, router: router).serve()
}
