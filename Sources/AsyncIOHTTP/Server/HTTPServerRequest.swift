public import AsyncIONetwork
public import HTTPTypes

/// A request that a server has received.
///
/// Its body is in `body` as a whole, unless the server was told to leave it for `bodyStream`
/// (``HTTPServer/Configuration/bodyHandling``).
public struct HTTPServerRequest: Sendable {
  /// The body, without any framing; empty where it is left for `bodyStream`.
  public let body: [UInt8]
  /// What the parts of the path are that the route has left open; empty without a router.
  public internal(set) var parameters = HTTPPathParameters()
  /// All else, in one object: a request is handed on by every middleware.
  let head: HTTPServerRequestHead
  private let trailerFields: HTTPFields?
  private let reader: HTTPRequestBodyStream?

  init(
    _ head: HTTPServerRequestHead, body: HTTPCollectedBody, reader: HTTPRequestBodyStream? = nil
  ) {
    self.head = head
    self.body = body.bytes
    trailerFields = body.trailers
    self.reader = reader
  }

  /// Makes a request, for tests of handlers.
  ///
  /// ```swift
  /// let request = HTTPServerRequest(HTTPRequest(method: .get, scheme: "http", authority: "app", path: "/users/7"))
  /// let response = try await router.respond(to: request)
  /// ```
  ///
  /// - Parameters:
  ///   - request: The method, the target, the host and the fields.
  ///   - body: The body, without any framing.
  ///   - trailers: Fields after the body.
  ///   - remoteAddress: The address of the client.
  public init(
    _ request: HTTPRequest, body: [UInt8] = [], trailers: HTTPFields = [:],
    from remoteAddress: SocketAddress? = nil
  ) {
    self.init(
      HTTPServerRequestHead(request, from: remoteAddress),
      body: HTTPCollectedBody(bytes: body, trailers: trailers.isEmpty ? nil : trailers))
  }

  /// The version of HTTP that it came by.
  public var version: HTTPVersion { head.version }

  /// What is to be done.
  public var method: HTTPRequest.Method { head.method }

  /// What it is to be done to: the path with the query, `*`, or the authority for `CONNECT`.
  public var target: String { head.target }

  /// The host and perhaps the port that the client has asked for, if it has named one.
  public var authority: String? { head.authority }

  /// The address of the client, or of the last proxy before this server.
  public var remoteAddress: SocketAddress? { head.remoteAddress }

  /// The path without the query, percent-encoded as it came.
  public var path: String {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target }
    return String(target[..<mark])
  }

  /// The query without its question mark, percent-encoded as it came; nil if there is none.
  public var query: String? {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
    return String(target[target.utf8.index(after: mark)...])
  }

  /// All fields but `Host`, in their order.
  ///
  /// - Complexity: O(*n*) in the size of the head, at each call; for one field, `request[.accept]` is cheaper.
  public var fields: HTTPFields { head.fields }

  /// The fields that came after a body in chunks; empty as a rule.
  public var trailers: HTTPFields { trailerFields ?? [:] }

  /// The first value of a field, or nil if there is none.
  public subscript(name: HTTPField.Name) -> String? { head.firstValue(of: name) }

  /// All values of a field, in their order.
  public func values(of name: HTTPField.Name) -> [String] { head.values(of: name) }

  /// The body piece by piece: as it comes where the server leaves it for this, as one piece otherwise.
  public var bodyStream: HTTPRequestBodyStream { reader ?? HTTPRequestBodyStream(body) }

  /// The request without its body, as other packages take it.
  public var httpRequest: HTTPRequest {
    HTTPRequest(
      method: method, scheme: head.scheme, authority: authority, path: head.path, headerFields: fields)
  }
}

extension HTTPServerRequest: CustomStringConvertible {
  /// One line, such as `GET /pages/1`.
  public var description: String { "\(method) \(target)" }
}
