/// A cookie, as a jar keeps it (RFC 6265 §5.3).
public struct HTTPCookie: Hashable, Sendable, Codable {
  /// The name; names are told apart by capitals.
  public var name: String
  /// The value.
  public var value: String
  /// The host to which it goes, in small letters, without a dot in front.
  public var domain: String
  /// Whether it goes to no other host, not even to those below `domain`.
  public var isHostOnly: Bool
  /// The path to which, and below which, it goes.
  public var path: String
  /// Whether it goes over TLS only.
  public var isSecure: Bool
  /// Whether it is none of the scripts' business; it makes no difference here, and is kept.
  public var isHTTPOnly: Bool
  /// When it expires, in seconds since 1970; nil with the session.
  public var expiry: Int64?

  /// Makes a cookie.
  ///
  /// - Parameters:
  ///   - name: the name.
  ///   - value: the value.
  ///   - domain: the host to which it goes.
  ///   - isHostOnly: whether it goes to no other host.
  ///   - path: the path to which, and below which, it goes.
  ///   - isSecure: whether it goes over TLS only.
  ///   - isHTTPOnly: whether it is none of the scripts' business.
  ///   - expiry: when it expires, in seconds since 1970; nil with the session.
  public init(
    name: String, value: String, domain: String, isHostOnly: Bool = true, path: String = "/",
    isSecure: Bool = false, isHTTPOnly: Bool = false, expiry: Int64? = nil
  ) {
    self.name = name
    self.value = value
    self.domain = domain.lowercased()
    self.isHostOnly = isHostOnly
    self.path = path
    self.isSecure = isSecure
    self.isHTTPOnly = isHTTPOnly
    self.expiry = expiry
  }
}

extension HTTPCookie {
  /// Reads a `Set-Cookie` as it came from `url` (RFC 6265 §5.2 and §5.3); nil for one that is to be ignored.
  ///
  /// - Parameters:
  ///   - text: the value of the field.
  ///   - url: what it is an answer to.
  ///   - now: seconds since 1970.
  ///   - isPublicSuffix: whether anybody can have a name below a domain, so that no cookie may be for all of it.
  init?(parsing text: String, from url: HTTPURL, now: Int64, isPublicSuffix: (String) -> Bool) {
    guard text.utf8.count <= 8192, !text.utf8.contains(where: { $0.isForbiddenControl }) else { return nil }
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { return nil }
    let name = pair[..<equals].trimmed
    guard !name.isEmpty else { return nil }
    self.init(
      name: name, value: pair[pair.index(after: equals)...].trimmed, domain: url.host,
      path: Self.defaultPath(of: url))
    var isAgeGiven = false
    for part in parts.dropFirst() {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = halves.count > 1 ? halves[1].trimmed : ""
      switch halves[0].trimmed.lowercased() {
      case "expires" where !isAgeGiven: expiry = HTTPDateText.seconds(parsing: value) ?? expiry
      case "max-age":
        guard let age = Self.age(value) else { continue }
        isAgeGiven = true
        expiry = age <= 0 ? .min : now.addingReportingOverflow(age).overflow ? .max : now + age
      case "domain":
        guard setDomain(value, url, isPublicSuffix) else { return nil }
      case "path": path = value.hasPrefix("/") ? value : Self.defaultPath(of: url)
      case "secure": isSecure = true
      case "httponly": isHTTPOnly = true
      default: break
      }
    }
    guard keepsItsPrefix(url) else { return nil }
  }

  private static func age(_ text: String) -> Int64? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit) else { return nil }
    return Int64(text) ?? (text.hasPrefix("-") ? .min : .max)
  }

  private mutating func setDomain(
    _ value: String, _ url: HTTPURL, _ isPublicSuffix: (String) -> Bool
  ) -> Bool {
    let domain = (value.hasPrefix(".") ? String(value.dropFirst()) : value).lowercased()
    if domain.isEmpty { return true }
    if isPublicSuffix(domain) {
      // For that host alone, if it is one.
      guard domain == url.host else { return false }
      isHostOnly = true
      return true
    }
    guard Self.matches(url.host, domain: domain) else { return false }
    self.domain = domain
    isHostOnly = false
    return true
  }

  /// RFC 6265bis §4.1.3: names that promise where a cookie comes from.
  private func keepsItsPrefix(_ url: HTTPURL) -> Bool {
    let lowercased = name.lowercased()
    if isSecure, url.scheme != .https { return false }
    if lowercased.hasPrefix("__secure-") { return isSecure }
    if lowercased.hasPrefix("__host-") { return isSecure && isHostOnly && path == "/" }
    return true
  }

  /// RFC 6265 §5.1.4.
  private static func defaultPath(of url: HTTPURL) -> String {
    let path = url.path
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// RFC 6265 §5.1.3: equal, or below it and no address.
  static func matches(_ host: String, domain: String) -> Bool {
    if host == domain { return true }
    return host.hasSuffix("." + domain) && !host.isAddress
  }

  // MARK: Use

  /// Whether the cookie goes with a request to `url`.
  func goes(to url: HTTPURL, now: Int64) -> Bool {
    if isSecure, url.scheme != .https { return false }
    if isExpired(now: now) { return false }
    guard isHostOnly ? url.host == domain : Self.matches(url.host, domain: domain) else { return false }
    return pathMatches(url.path)
  }

  func isExpired(now: Int64) -> Bool { expiry.map { $0 <= now } ?? false }

  private func pathMatches(_ requested: String) -> Bool {
    guard requested.hasPrefix(path) else { return false }
    return requested.utf8.count == path.utf8.count || path.hasSuffix("/")
      || requested.utf8.dropFirst(path.utf8.count).first == UInt8(ascii: "/")
  }
}

extension String {
  /// Whether a host of a URL is an IPv4 or IPv6 address.
  var isAddress: Bool {
    utf8.contains(.colon) || HTTPURLAuthority.isIPv4Address(Array(utf8)[...])
  }
}
