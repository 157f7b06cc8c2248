import HTTPTypes

/// The routes of a router, ready to be looked up; they no longer change.
final class HTTPRouteTable: Sendable {
  private struct Route: Sendable {
    let names: [String]
    let body: HTTPBodyHandling?
    let handler: HTTPServer.Handler
    /// Whether any segment is left open.
    let isOpen: Bool
    /// Which of the open segments have names.
    let namedPlaces: [Int]
  }

  private let tree: HTTPRouteTree
  private let routes: [Route]
  private let fallback: HTTPServer.Handler
  private let methods: [HTTPRequest.Method]

  init(_ router: HTTPRouter) {
    var tree = HTTPRouteTree()
    var routes: [Route] = []
    var methods: [HTTPRequest.Method] = []
    var patterns: [String] = []
    for route in router.routes {
      let pattern = HTTPRoutePattern(route.pattern)
      if let other = tree.insert(pattern, route.method, routes.count) {
        preconditionFailure(
          "There are two routes for \(route.method) and the same paths, '\(patterns[other])' and '\(route.pattern)'; remove one."
        )
      }
      patterns.append(route.pattern)
      let open = pattern.segments.filter { segment in
        switch segment {
        case .parameter, .wildcard: true
        case .literal, .rest: false
        }
      }
      routes.append(
        Route(
          names: pattern.names, body: route.body, handler: route.handler,
          isOpen: !open.isEmpty || pattern.hasRest,
          namedPlaces: open.indices.filter { open[$0] != .wildcard }))
      if !methods.contains(route.method) { methods.append(route.method) }
    }
    self.tree = tree
    self.routes = routes
    self.methods = methods
    fallback = router.fallback
  }

  /// What becomes of the body of a request; nil if its route does not say.
  func bodyHandling(of request: HTTPServerRequest) -> HTTPBodyHandling? {
    guard case .found(let route, _, _) = find(request.method, request.target) else { return nil }
    return routes[route].body
  }

  /// Answers a request.
  func respond(to request: HTTPServerRequest) async throws -> HTTPServerResponse {
    let target = request.target
    switch find(request.method, target) {
    case .found(let number, let open, let rest):
      let route = routes[number]
      guard route.isOpen else { return try await route.handler(request) }
      var request = request
      request.parameters = parameters(of: route, target, open, rest)
      return try await route.handler(request)
    case .otherMethods(let methods):
      return Self.refuse(request.method, allowing: methods)
    case .nothing:
      if request.method == .options, target == "*" { return Self.refuse(.options, allowing: methods) }
      return try await fallback(request)
    }
  }

  private func find(_ method: HTTPRequest.Method, _ target: String) -> HTTPRouteTree.Outcome {
    let bytes = target.utf8.span
    return tree.find(
      method, bytes, end: bytes.firstIndex(of: UInt8(ascii: "?"), in: 0..<bytes.count) ?? bytes.count)
  }

  private func parameters(
    of route: Route, _ target: String, _ open: [Range<Int>], _ rest: Int?
  ) -> HTTPPathParameters {
    let bytes = target.utf8.span
    let values = route.namedPlaces.map {
      String(decoding: HTTPURLPath.decoding(bytes, in: open[$0]), as: UTF8.self)
    }
    guard let rest else { return HTTPPathParameters(route.names, values, rest: nil) }
    let end = bytes.firstIndex(of: UInt8(ascii: "?"), in: 0..<bytes.count) ?? bytes.count
    return HTTPPathParameters(
      route.names, values,
      rest: String(decoding: HTTPURLPath.decoding(bytes, in: rest..<end), as: UTF8.self))
  }

  /// Says which methods there are (RFC 9110 §9.3.7 and §15.5.6).
  private static func refuse(
    _ method: HTTPRequest.Method, allowing methods: [HTTPRequest.Method]
  ) -> HTTPServerResponse {
    var allowed = Set(methods.map(\.rawValue))
    if allowed.contains("GET") { allowed.insert("HEAD") }
    allowed.insert("OPTIONS")
    let fields: HTTPFields = [.allow: allowed.sorted().joined(separator: ", ")]
    return method == .options
      ? HTTPServerResponse(status: .noContent, fields: fields) : .plain(.methodNotAllowed, fields: fields)
  }
}

extension HTTPRouter {
  /// Answers requests as the routes say; for `HTTPServer`, `HTTPInProcessServer`, and where else a handler is wanted.
  ///
  /// Routes that are added later are not part of it. What becomes of bodies the handler cannot say: give the router itself to a
  /// server.
  public var handler: HTTPServer.Handler { handler(of: HTTPRouteTable(self)) }

  func handler(of routes: HTTPRouteTable) -> HTTPServer.Handler {
    middleware.around { request in try await routes.respond(to: request) }
  }
}

extension HTTPServer {
  /// Makes a server that answers as a router says, and listens already.
  ///
  /// - Parameters:
  ///   - host: A numeric address of this machine; `0.0.0.0` or `::` for all.
  ///   - port: The port; 0 lets the system choose, see `localAddress`.
  ///   - configuration: The server's limits and habits; its `bodyHandling` is for what has no route, or one that does not say.
  ///   - router: The routes, as they are now.
  /// - Throws: `IOError`, as when the port is in use.
  public convenience init(
    host: String = "127.0.0.1", port: Int, configuration: Configuration = Configuration(), router: HTTPRouter
  ) throws {
    let routes = HTTPRouteTable(router)
    var configuration = configuration
    let others = configuration.bodyHandling
    configuration.bodyHandling = { request in routes.bodyHandling(of: request) ?? others?(request) }
    try self.init(host: host, port: port, configuration: configuration, handler: router.handler(of: routes))
  }
}
