import AsyncIONetwork
import HTTPTypes

/// What came with a request before its body.
///
/// An object, so that handing a request on is one reference and not a dozen.
final class HTTPServerRequestHead: Sendable {
  private enum Fields: Sendable {
    /// As they were read: text is made for who asks.
    case read(HTTPRequestHead)
    case made(HTTPFields)
  }

  let version: HTTPVersion
  let method: HTTPRequest.Method
  let scheme: String?
  let authority: String?
  /// The path with the query, `*`, or nil for `CONNECT`.
  let path: String?
  let remoteAddress: SocketAddress?
  private let source: Fields

  init(_ head: HTTPRequestHead, from remoteAddress: SocketAddress?) {
    version = head.version
    method = head.method
    scheme = head.scheme
    authority = head.authority
    path = head.path
    source = .read(head)
    self.remoteAddress = remoteAddress
  }

  init(_ request: HTTPRequest, from remoteAddress: SocketAddress?) {
    version = .http11
    method = request.method
    scheme = request.scheme
    authority = request.authority
    path = request.path
    source = .made(request.headerFields)
    self.remoteAddress = remoteAddress
  }

  var target: String { path ?? authority ?? "" }

  var fields: HTTPFields {
    switch source {
    case .read(let head): head.request.headerFields
    case .made(let fields): fields
    }
  }

  func firstValue(of name: HTTPField.Name) -> String? {
    switch source {
    case .read(let head): head.fields.firstValue(of: name)
    // Not the combined value: the first one, as above.
    case .made(let fields): fields[values: name].first
    }
  }

  func values(of name: HTTPField.Name) -> [String] {
    switch source {
    case .read(let head): head.fields.values(of: name)
    case .made(let fields): fields[values: name]
    }
  }
}
