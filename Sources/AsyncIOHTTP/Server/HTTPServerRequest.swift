public import AsyncIONetwork
public import HTTPTypes

/// A request that a server has received, with its whole body.
public struct HTTPServerRequest: Sendable {
  /// The body, without any framing.
  public let body: [UInt8]
  /// The address of the client, or of the last proxy before this server.
  public let remoteAddress: SocketAddress?
  private let head: HTTPRequestHead
  private let trailerFields: HTTPFields?

  init(_ head: HTTPRequestHead, body: HTTPCollectedBody, from remoteAddress: SocketAddress?) {
    self.head = head
    self.body = body.bytes
    trailerFields = body.trailers
    self.remoteAddress = remoteAddress
  }

  /// The version of HTTP that it came by.
  public var version: HTTPVersion { head.version }

  /// What is to be done.
  public var method: HTTPRequest.Method { head.method }

  /// What it is to be done to: the path with the query, `*`, or the authority for `CONNECT`.
  public var target: String { head.path ?? head.authority ?? "" }

  /// The host and perhaps the port that the client has asked for, if it has named one.
  public var authority: String? { head.authority }

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
  public var fields: HTTPFields { head.request.headerFields }

  /// The fields that came after a body in chunks; empty as a rule.
  public var trailers: HTTPFields { trailerFields ?? [:] }

  /// The first value of a field, or nil if there is none.
  public subscript(name: HTTPField.Name) -> String? { head.fields.firstValue(of: name) }
}

extension HTTPServerRequest: CustomStringConvertible {
  /// One line, such as `GET /pages/1`.
  public var description: String { "\(method) \(target)" }
}
