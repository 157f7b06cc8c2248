// Routes are collected in a value, and frozen into a tree when a handler is made of them (HTTPRouteTable.swift).
//
// A group is a router of its own while it is filled; then its routes are taken over, under its prefix and within its
// middleware. So the middleware of a group is around all its routes, wherever in the group it was added.

public import HTTPTypes

/// Which handler answers which requests.
///
/// ```swift
/// var router = HTTPRouter()
/// router.get("/") { _ in .html("<h1>Welcome</h1>") }
/// router.group("/users") { users in
///   users.use(RequireToken(token: token))
///   users.get("/:id") { request in try .json(await store.user(request.parameters.require("id", as: Int.self))) }
///   users.post("") { request in try .json(await store.add(request.json(NewUser.self)), status: .created) }
/// }
/// try await HTTPServer(port: 8080, router: router).serve()
/// ```
///
/// A pattern is made of segments between slashes: text, which matches itself; `:name`, which matches any one segment and hands
/// it to the handler; `*`, which matches any one segment; and at the end `**`, which matches all that follows. Of several routes that match,
/// text goes before `:name` and `*`, and these before `**`, from the left: `/users/me` before `/users/:id` before `/users/**`. Paths
/// are matched as they are, percent-decoded segment by segment: `/users` and `/users/` are two.
///
/// What has no route is answered with 404, with a wrong method 405 and `Allow`. `HEAD` is answered by the route for `GET`, and `OPTIONS`
/// with `Allow`, unless they have routes of their own.
public struct HTTPRouter: Sendable {
  /// A route as it was added.
  struct Route: Sendable {
    let method: HTTPRequest.Method
    let pattern: String
    let body: HTTPBodyHandling?
    let handler: HTTPServer.Handler
  }

  private(set) var routes: [Route] = []
  private(set) var middleware: [any HTTPServerMiddleware] = []
  private(set) var fallback: HTTPServer.Handler = { _ in throw HTTPStatusError(.notFound) }

  /// Makes a router without routes.
  public init() {}

  /// Adds a route.
  ///
  /// Two routes for the same method and the same paths are misuse, which is found when the server is made.
  ///
  /// - Parameters:
  ///   - method: The method, in capitals.
  ///   - pattern: Which paths; see above. In a group it may be empty, for the prefix alone.
  ///   - body: What becomes of the bodies of requests; as the server is configured if nil.
  ///   - handler: Answers.
  public mutating func on(
    _ method: HTTPRequest.Method, _ pattern: String, body: HTTPBodyHandling? = nil,
    _ handler: @escaping HTTPServer.Handler
  ) {
    routes.append(Route(method: method, pattern: pattern, body: body, handler: handler))
  }

  /// Puts something around all routes of this router or group; what is added first is outermost.
  ///
  /// In the router of a server it is also around what has no route.
  public mutating func use(_ middleware: any HTTPServerMiddleware) { self.middleware.append(middleware) }

  /// Adds routes that have a prefix, and middleware, in common.
  ///
  /// - Parameters:
  ///   - prefix: Begins with a slash and does not end with one; empty for none.
  ///   - build: Adds them.
  public mutating func group(_ prefix: String = "", _ build: (inout HTTPRouter) throws -> Void) rethrows {
    var group = HTTPRouter()
    try build(&group)
    add(group, at: prefix)
  }

  /// Adds the routes of a router, within its middleware.
  ///
  /// - Parameters:
  ///   - router: Its answer to what it has no route for is not taken over.
  ///   - prefix: As of a group.
  public mutating func add(_ router: HTTPRouter, at prefix: String = "") {
    precondition(
      prefix.isEmpty || (prefix.hasPrefix("/") && !prefix.hasSuffix("/")),
      "The prefix of a group begins with a slash and does not end with one; '\(prefix)' is no such prefix.")
    for route in router.routes {
      routes.append(
        Route(
          method: route.method, pattern: prefix + route.pattern, body: route.body,
          handler: router.middleware.around(route.handler)))
    }
  }

  /// Answers what has no route, in the place of 404.
  ///
  /// A path that has routes for other methods is answered with 405 all the same.
  public mutating func onNotFound(_ handler: @escaping HTTPServer.Handler) { fallback = handler }
}

extension HTTPRouter {
  /// Adds a route for `GET`, and for `HEAD` unless that has one.
  ///
  /// - Parameters:
  ///   - pattern: Which paths.
  ///   - handler: Answers.
  public mutating func get(_ pattern: String, _ handler: @escaping HTTPServer.Handler) {
    on(.get, pattern, handler)
  }

  /// Adds a route for `POST`.
  ///
  /// - Parameters:
  ///   - pattern: Which paths.
  ///   - body: What becomes of the bodies of requests; as the server is configured if nil.
  ///   - handler: Answers.
  public mutating func post(
    _ pattern: String, body: HTTPBodyHandling? = nil, _ handler: @escaping HTTPServer.Handler
  ) { on(.post, pattern, body: body, handler) }

  /// Adds a route for `PUT`.
  ///
  /// - Parameters:
  ///   - pattern: Which paths.
  ///   - body: What becomes of the bodies of requests; as the server is configured if nil.
  ///   - handler: Answers.
  public mutating func put(
    _ pattern: String, body: HTTPBodyHandling? = nil, _ handler: @escaping HTTPServer.Handler
  ) { on(.put, pattern, body: body, handler) }

  /// Adds a route for `PATCH`.
  ///
  /// - Parameters:
  ///   - pattern: Which paths.
  ///   - body: What becomes of the bodies of requests; as the server is configured if nil.
  ///   - handler: Answers.
  public mutating func patch(
    _ pattern: String, body: HTTPBodyHandling? = nil, _ handler: @escaping HTTPServer.Handler
  ) { on(.patch, pattern, body: body, handler) }

  /// Adds a route for `DELETE`.
  ///
  /// - Parameters:
  ///   - pattern: Which paths.
  ///   - handler: Answers.
  public mutating func delete(_ pattern: String, _ handler: @escaping HTTPServer.Handler) {
    on(.delete, pattern, handler)
  }
}

extension [any HTTPServerMiddleware] {
  /// The handler with all of these around it, the first one outermost.
  func around(_ handler: @escaping HTTPServer.Handler) -> HTTPServer.Handler {
    reversed().reduce(handler) { handler, middleware in middleware.around(handler) }
  }
}
