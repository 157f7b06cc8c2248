import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// Which route answers which request.
@Suite(.virtualTime) struct HTTPRouterTests {
  /// Answers with its own name, and what it has got.
  private static func name(_ name: String) -> HTTPServer.Handler {
    { request in
      let values = ["id", "name"].compactMap { request.parameters[$0] }
      return HTTPServerResponse(
        text: ([name] + values + [request.parameters.rest]).joined(separator: " ").trimmed)
    }
  }

  private static func router(_ patterns: [String]) -> HTTPRouter {
    var router = HTTPRouter()
    for pattern in patterns { router.get(pattern, name(pattern)) }
    return router
  }

  private func answer(
    _ router: HTTPRouter, _ target: String, method: HTTPRequest.Method = .get
  ) async throws -> HTTPServerResponse {
    let request = HTTPRequest(method: method, scheme: "http", authority: "a", path: target)
    do {
      return try await router.handler(HTTPServerRequest(request))
    } catch let error as any HTTPRespondingError {
      return error.response
    }
  }

  private func text(_ router: HTTPRouter, _ target: String) async throws -> String {
    let response = try await answer(router, target)
    return response.status == .ok ? response.text : "\(response.status.code)"
  }

  // MARK: Matching

  @Test(arguments: [
    ("/", "/"), ("/users", "/users"), ("/users/", "404"), ("/users/7", "/users/:id 7"),
    ("/users/me", "/users/me"),
    ("/users/me/", "404"), ("/users/7/posts", "/users/:id/posts 7"), ("/users//posts", "404"),
    ("/users/7/posts?page=2", "/users/:id/posts 7"), ("/users?x=/7", "/users"), ("/nothing", "404"),
    ("//users", "404"), ("/any/thing/at", "/any/*/at"), ("/any//at", "404"), ("/files/", "/files/**"),
    ("/files/a/b.txt", "/files/** a/b.txt"), ("/files", "404"), ("/USERS", "404"), ("/users/7/8/9", "404"),
  ])
  func `a path finds its route`(_ target: String, _ expected: String) async throws {
    let router = Self.router([
      "/", "/users", "/users/me", "/users/:id", "/users/:id/posts", "/any/*/at", "/files/**",
    ])
    let found = try await text(router, target)
    #expect(found == expected)
  }

  @Test func `the more a route says from the left, the sooner it is taken`() async throws {
    let router = Self.router(["/**", "/:name", "/a/**", "/a/:id", "/a/b", "/:name/c/d", "/a/:id/e"])
    let cases = [
      ("/x", "/:name x"), ("/x/y", "/** x/y"), ("/a/b", "/a/b"), ("/a/x", "/a/:id x"),
      ("/a/x/y", "/a/** x/y"),
      // Nothing below /a/b and /a/:id, then nothing better than /a/**, though /:name/c/d says more of it.
      ("/a/c/d", "/a/** c/d"), ("/x/c/d", "/:name/c/d x"), ("/a/b/e", "/a/:id/e b"), ("/", "/**"),
    ]
    for (target, expected) in cases {
      let found = try await text(router, target)
      #expect(found == expected, "\(target)")
    }
  }

  @Test func `where the better branch leads nowhere the next is taken`() async throws {
    let router = Self.router(["/a/b/c", "/:name/b/:id"])
    let found = try await text(router, "/a/b/d")
    #expect(found == "/:name/b/:id d a")
  }

  @Test func `segments are percent-decoded, and slashes in them are none`() async throws {
    let router = Self.router(["/a b/:id", "/ü", "/files/**"])
    let cases = [
      ("/a%20b/x%2Fy", "/a b/:id x/y"), ("/%c3%bc", "/ü"), ("/a%20b/%zz", "/a b/:id %zz"),
      ("/files/a%2Fb/c", "/files/** a/b/c"),
    ]
    for (target, expected) in cases {
      let found = try await text(router, target)
      #expect(found == expected, "\(target)")
    }
  }

  @Test func `among thousands of routes each finds its own`() async throws {
    let router = Self.router((0..<3000).flatMap { ["/r\($0)/x", "/r\($0)/:id/y\($0)"] })
    for number in stride(from: 0, to: 3000, by: 137) {
      let first = try await text(router, "/r\(number)/x")
      #expect(first == "/r\(number)/x")
      let second = try await text(router, "/r\(number)/z/y\(number)")
      #expect(second == "/r\(number)/:id/y\(number) z")
    }
  }

  @Test func `a parameter of a type is that type, or there is nothing`() async throws {
    var router = HTTPRouter()
    router.get("/squares/:n") { request in
      let number = try request.parameters.require("n", as: Int.self)
      return HTTPServerResponse(text: "\(number * number)")
    }
    let nine = try await text(router, "/squares/3")
    #expect(nine == "9")
    let nothing = try await text(router, "/squares/three")
    #expect(nothing == "404")
  }

  // MARK: Methods

  @Test func `each method has its route, and others are told which there are`() async throws {
    var router = HTTPRouter()
    router.get("/a", Self.name("get"))
    router.post("/a", Self.name("post"))
    router.delete("/:id", Self.name("delete"))
    let post = try await answer(router, "/a", method: .post)
    #expect(post.text == "post")
    // A less exact route with the right method goes before a refusal.
    let delete = try await answer(router, "/a", method: .delete)
    #expect(delete.text == "delete a")
    let put = try await answer(router, "/a", method: .put)
    #expect(put.status == .methodNotAllowed)
    #expect(put.fields[.allow] == "DELETE, GET, HEAD, OPTIONS, POST")
    let options = try await answer(router, "/a", method: .options)
    #expect(options.status == .noContent)
    #expect(options.fields[.allow] == "DELETE, GET, HEAD, OPTIONS, POST")
    let all = try await answer(router, "*", method: .options)
    #expect(all.fields[.allow] == "DELETE, GET, HEAD, OPTIONS, POST")
    let nothing = try await answer(router, "/a/b", method: .options)
    #expect(nothing.status == .notFound)
  }

  @Test func `HEAD is answered by what answers GET, unless it has its own`() async throws {
    var router = HTTPRouter()
    router.get("/a", Self.name("get"))
    router.get("/b", Self.name("get"))
    router.on(.head, "/b", Self.name("head"))
    let first = try await answer(router, "/a", method: .head)
    #expect(first.text == "get")
    let second = try await answer(router, "/b", method: .head)
    #expect(second.text == "head")
  }

  // MARK: Groups and middleware

  private struct Note: HTTPServerMiddleware {
    let name: String

    func respond(
      to request: HTTPServerRequest, next: @escaping HTTPServer.Handler
    ) async throws -> HTTPServerResponse {
      let response = try await next(request)
      return HTTPServerResponse(status: response.status, text: "\(name)(\(response.text))")
    }
  }

  @Test func `middleware is around the routes of its group, the first outermost`() async throws {
    var router = HTTPRouter()
    router.get("/", Self.name("home"))
    router.group("/api") { api in
      api.get("", Self.name("api"))
      api.use(Note(name: "a"))
      api.use(Note(name: "b"))
      api.group("/v1") { version in
        version.use(Note(name: "c"))
        version.get("/x/:id", Self.name("x"))
      }
    }
    router.use(Note(name: "r"))
    router.onNotFound { _ in HTTPServerResponse(text: "elsewhere") }
    let cases = [
      ("/", "r(home)"), ("/api", "r(a(b(api)))"), ("/api/v1/x/7", "r(a(b(c(x 7))))"), ("/y", "r(elsewhere)"),
    ]
    for (target, expected) in cases {
      let found = try await text(router, target)
      #expect(found == expected, "\(target)")
    }
  }

  @Test func `routers are put together`() async throws {
    var users = HTTPRouter()
    users.get("/:id", Self.name("user"))
    var router = HTTPRouter()
    router.add(users, at: "/users")
    router.add(users, at: "/admins")
    let found = try await text(router, "/admins/7")
    #expect(found == "user 7")
  }

  // MARK: Misuse

  @Test func `two routes for the same are refused with both their names`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var router = HTTPRouter()
      router.get("/users/:id") { _ in HTTPServerResponse() }
      router.get("/users/:name") { _ in HTTPServerResponse() }
      _ = router.handler
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("two routes for GET and the same paths, '/users/:id' and '/users/:name'"))
  }

  @Test func `a pattern that is none is refused`() async throws {
    await #expect(processExitsWith: .failure) { _ = HTTPRouter.checked("users") }
    await #expect(processExitsWith: .failure) { _ = HTTPRouter.checked("/a/**/b") }
    await #expect(processExitsWith: .failure) { _ = HTTPRouter.checked("/:") }
    await #expect(processExitsWith: .failure) { _ = HTTPRouter.checked("/:a/:a") }
    await #expect(processExitsWith: .failure) { _ = HTTPRouter.checked("/a*") }
  }

  // MARK: On a server

  @Test func `a router answers over a connection, errors too`() async throws {
    struct Oops: Error {}
    struct SoldOut: HTTPRespondingError {
      var response: HTTPServerResponse { HTTPServerResponse(status: .conflict, text: "sold out") }
    }
    var router = HTTPRouter()
    router.get("/hello/:name") { HTTPServerResponse(text: "Hello, \($0.parameters["name"] ?? "")!") }
    router.get("/soldout") { _ in throw SoldOut() }
    router.get("/gone") { _ in throw HTTPStatusError(.gone, "It was here.", fields: [.retryAfter: "never"]) }
    router.get("/oops") { _ in throw Oops() }
    let reported = Mutex<[String]>([])
    var configuration = HTTPServer.Configuration()
    configuration.errorHandler = { error, request in
      reported.withLock { $0.append("\(type(of: error)) \(request)") }
      return HTTPServerResponse(status: .internalServerError)
    }
    try await RunningServer.run(configuration, router: router) { server in
      try await withHTTPSession { session in
        let hello = try await session.get("\(server.url)/hello/Ada%20L")
        #expect(hello.text == "Hello, Ada L!")
        let soldOut = try await session.get("\(server.url)/soldout")
        #expect(soldOut.status == .conflict)
        #expect(soldOut.text == "sold out")
        let gone = try await session.get("\(server.url)/gone")
        #expect(gone.status == .gone)
        #expect(gone.fields[.retryAfter] == "never")
        let missing = try await session.get("\(server.url)/missing")
        #expect(missing.status == .notFound)
        let oops = try await session.get("\(server.url)/oops")
        #expect(oops.status == .internalServerError)
        #expect(oops.body.isEmpty)
      }
    }
    #expect(reported.withLock { $0 } == ["Oops GET /oops"])
  }
}

extension HTTPRouter {
  /// A handler with one route.
  static func checked(_ pattern: String) -> HTTPServer.Handler {
    var router = HTTPRouter()
    router.get(pattern) { _ in HTTPServerResponse() }
    return router.handler
  }
}

extension HTTPServerResponse {
  /// The body, if it is there as a whole.
  var text: String { String(decoding: bytes ?? [], as: UTF8.self) }
}

extension String {
  /// Without spaces at its end.
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
