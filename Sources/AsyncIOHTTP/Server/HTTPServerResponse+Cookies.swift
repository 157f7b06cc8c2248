import HTTPTypes

/// What a client is told about a cookie besides its name and value (RFC 6265 §4.1).
public struct HTTPCookieAttributes: Hashable, Sendable {
  /// When a cookie goes along with requests that other sites have caused.
  public enum SameSite: String, Hashable, Sendable {
    /// Never.
    case strict = "Strict"
    /// When the user follows a link.
    case lax = "Lax"
    /// Always; the cookie must be secure.
    case none = "None"
  }

  /// How long the client keeps it, in whole seconds; nil as long as it runs.
  public var maxAge: Duration?
  /// The path to which, and below which, it goes.
  public var path: String
  /// The host to which, and to those below which, it goes; nil for this one alone.
  public var domain: String?
  /// Whether it goes over TLS only.
  public var isSecure: Bool
  /// Whether scripts cannot see it.
  public var isHTTPOnly: Bool
  /// When it goes along with requests that other sites have caused.
  public var sameSite: SameSite

  /// Makes the attributes of a cookie.
  ///
  /// - Parameters:
  ///   - maxAge: How long the client keeps it, in whole seconds; nil as long as it runs.
  ///   - path: The path to which, and below which, it goes.
  ///   - domain: The host to which, and to those below which, it goes; nil for this one alone.
  ///   - isSecure: Whether it goes over TLS only.
  ///   - isHTTPOnly: Whether scripts cannot see it.
  ///   - sameSite: When it goes along with requests that other sites have caused.
  public init(
    maxAge: Duration? = nil, path: String = "/", domain: String? = nil, isSecure: Bool = false,
    isHTTPOnly: Bool = true, sameSite: SameSite = .lax
  ) {
    self.maxAge = maxAge
    self.path = path
    self.domain = domain
    self.isSecure = isSecure
    self.isHTTPOnly = isHTTPOnly
    self.sameSite = sameSite
  }
}

extension HTTPServerResponse {
  /// Has the client keep a cookie.
  ///
  /// ```swift
  /// response.setCookie("session", token, attributes: .init(maxAge: .seconds(3600), isSecure: true))
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name, a token of RFC 9110 §5.6.2.
  ///   - value: Any text; what may not stand in a cookie is percent-encoded, and decoded in `request.cookies`.
  ///   - attributes: How long, and with which requests it comes back.
  public mutating func setCookie(
    _ name: String, _ value: String, attributes: HTTPCookieAttributes = HTTPCookieAttributes()
  ) {
    precondition(
      !name.isEmpty && name.utf8.allSatisfy { ASCIISet.token.contains($0) },
      "The name of a cookie is made of letters, digits and a few signs; \(name.debugDescription) is not.")
    for text in [attributes.path, attributes.domain ?? ""] {
      precondition(
        !text.utf8.contains { $0.isForbiddenControl || $0 == UInt8(ascii: ";") },
        "The path and the domain of a cookie have no semicolons and control characters; \(text.debugDescription) has."
      )
    }
    var text = "\(name)=\(Self.encode(value)); Path=\(attributes.path)"
    if let domain = attributes.domain { text += "; Domain=\(domain)" }
    if let age = attributes.maxAge { text += "; Max-Age=\(age.components.seconds)" }
    if attributes.isSecure { text += "; Secure" }
    if attributes.isHTTPOnly { text += "; HttpOnly" }
    text += "; SameSite=\(attributes.sameSite.rawValue)"
    fields.append(HTTPField(name: .setCookie, value: text))
  }

  /// Has the client forget a cookie.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - attributes: The path and the domain with which it was set.
  public mutating func removeCookie(
    _ name: String, attributes: HTTPCookieAttributes = HTTPCookieAttributes()
  ) {
    var attributes = attributes
    attributes.maxAge = .zero
    setCookie(name, "", attributes: attributes)
  }

  /// Percent-encodes what is no cookie-octet of RFC 6265 §4.1.1, and the percent sign.
  private static func encode(_ value: String) -> String {
    var bytes: [UInt8] = []
    for byte in value.utf8 {
      switch byte {
      case 0x21, 0x23, 0x24, 0x26...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: bytes.append(byte)
      default: HTTPURLPath.appendEscape(of: byte, to: &bytes)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
