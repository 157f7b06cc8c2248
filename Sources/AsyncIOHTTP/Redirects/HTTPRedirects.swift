import HTTPTypes

/// Whether redirects are followed.
public enum HTTPRedirects: Hashable, Sendable {
  /// A redirect is a response like others.
  case none
  /// Up to this many are followed for one request; the next one is an error.
  case follow(limit: Int = 20)
}

// What browsers do (WHATWG Fetch §4.4), and httpx and curl after them:
//
// - 301 and 302 make a GET of a POST, 303 of everything but HEAD; the body and the fields that describe it are dropped.
// - 307 and 308 keep method and body, which must be repeatable.
// - Another scheme, host or port is another server: what names the user is dropped, and a `Host` that was given.

extension HTTPClientRequest {
  /// Fields that tell who the user is, and are for one server alone.
  private static let credentials: [HTTPField.Name] = [.authorization, .cookie, .proxyAuthorization]
  private static let descriptions: [HTTPField.Name] = [
    .contentType, .contentLength, .contentEncoding, .contentLanguage, .contentLocation, .transferEncoding,
    .expect,
  ]

  /// The request that a redirect asks for, or nil if the response is none.
  ///
  /// - Throws: `HTTPError` for a redirect that leads nowhere, or for a body that cannot be sent again.
  func following(_ response: HTTPClientResponse) throws(HTTPError) -> HTTPClientRequest? {
    guard [301, 302, 303, 307, 308].contains(response.head.code), let location = response[.location] else {
      return nil
    }
    var next = self
    do {
      next.url = try url.resolve(location)
    } catch {
      throw HTTPError(
        code: .invalidRedirect, message: "\(title): the server redirects to \(error)", url: url,
        status: response.status, underlying: error)
    }
    switch (response.head.code, method) {
    case (303, .get), (303, .head), (307, _), (308, _): break
    case (303, _), (301, .post), (302, .post):
      next.method = .get
      next.body = .none
      for name in Self.descriptions { next.fields[name] = nil }
    default: break
    }
    guard next.body.isRepeatable else {
      throw HTTPError(
        code: .bodyNotRepeatable,
        message: "\(title): the server redirects to \(next.url), and the body can be sent only once; "
          + "say isRepeatable if it can be written again", url: url, status: response.status)
    }
    if !next.url.isSameOrigin(as: url) { next.removeCredentials() }
    return next
  }

  mutating func removeCredentials() {
    for name in Self.credentials { fields[name] = nil }
    if let host = HTTPField.Name("Host") { fields[host] = nil }
  }
}

extension HTTPURL {
  /// Whether both name the same server.
  func isSameOrigin(as other: HTTPURL) -> Bool {
    scheme == other.scheme && port == other.port && host == other.host
  }
}
