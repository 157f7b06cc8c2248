import HTTPTypes

// Ways to say who one is, each a middleware: one's own is written in the same way.
//
// None of them speaks to another server than the one that the caller has asked: after a redirect to another origin they let the
// request pass as it is.

/// Sends a name and a password with each request (RFC 7617).
///
/// ```swift
/// configuration.middleware = [.basic(user: "me", password: secret)]
/// ```
public struct HTTPBasicAuthentication: HTTPMiddleware {
  private let value: String

  /// Makes the middleware.
  ///
  /// - Parameters:
  ///   - user: the name; it has no colon.
  ///   - password: the password.
  public init(user: String, password: String) { value = HTTPBasicAuthentication.value(user, password) }

  /// Adds the field `Authorization`, unless there is one.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    try await next(request.authorized(value, next))
  }

  static func value(_ user: String, _ password: String) -> String {
    precondition(
      !user.utf8.contains(.colon),
      "The name of a user has no colon, as it ends at the first one; leave it out.")
    return "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
  }
}

/// Sends a token with each request (RFC 6750), which may be asked for anew when it is refused.
///
/// ```swift
/// configuration.middleware = [.bearer(token)]
/// ```
public struct HTTPBearerAuthentication: HTTPMiddleware {
  private let token: @Sendable (_ isRefused: Bool) async throws -> String

  /// Makes the middleware for a token that does not change.
  ///
  /// - Parameter token: the token.
  public init(token: String) { self.token = { _ in token } }

  /// Makes the middleware for a token that is looked up for each request.
  ///
  /// - Parameter token: gives the token; it is asked a second time, and told so, when the server has refused the first.
  public init(token: @escaping @Sendable (_ isRefused: Bool) async throws -> String) { self.token = token }

  /// Adds the field `Authorization`, unless there is one.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    guard !next.isRedirectedElsewhere(request), !request.fields.contains(.authorization) else {
      return try await next(request)
    }
    let first = try await token(false)
    let response = try await next(request.authorized("Bearer " + first, next))
    guard response.status == .unauthorized, request.body.isRepeatable else { return response }
    let second = try await token(true)
    return second == first ? response : try await next(request.authorized("Bearer " + second, next))
  }
}

/// Looks for the server in a file of names and passwords, as curl and ftp do, and sends what stands there.
public struct HTTPNetrcAuthentication: HTTPMiddleware {
  private let entries: HTTPNetrc

  /// Makes the middleware.
  ///
  /// - Parameter netrc: what stands in the file.
  public init(_ netrc: HTTPNetrc) { entries = netrc }

  /// Adds the field `Authorization` if the file has the server, unless there is one.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    guard let entry = entries.entry(for: request.url.host) else { return try await next(request) }
    return try await next(request.authorized(HTTPBasicAuthentication.value(entry.user, entry.password), next))
  }
}

extension HTTPClientRequest {
  /// The request with an authorization, unless it has one or has come to another server.
  func authorized(_ value: @autoclosure () -> String, _ next: HTTPNext) -> HTTPClientRequest {
    guard !next.isRedirectedElsewhere(self), !fields.contains(.authorization) else { return self }
    var request = self
    request.fields[.authorization] = value()
    return request
  }
}

extension HTTPMiddleware where Self == HTTPBasicAuthentication {
  /// Sends a name and a password with each request.
  public static func basic(user: String, password: String) -> HTTPBasicAuthentication {
    HTTPBasicAuthentication(user: user, password: password)
  }
}

extension HTTPMiddleware where Self == HTTPBearerAuthentication {
  /// Sends a token with each request.
  public static func bearer(_ token: String) -> HTTPBearerAuthentication {
    HTTPBearerAuthentication(token: token)
  }
}

extension HTTPMiddleware where Self == HTTPNetrcAuthentication {
  /// Sends the name and password that stand in a file for the server.
  public static func netrc(_ netrc: HTTPNetrc) -> HTTPNetrcAuthentication { HTTPNetrcAuthentication(netrc) }
}

/// Base64 (RFC 4648 §4).
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let group = Array(rest.prefix(3))
      rest = rest.dropFirst(3)
      let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
      for place in 0..<4 {
        text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
