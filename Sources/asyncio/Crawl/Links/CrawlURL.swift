import AsyncIOHTTP

/// One form for the URLs of one page, so that it is fetched once.
///
/// `HTTPURL` has resolved dot segments, taken the default port and the fragment off, and put the host into small letters. What
/// is done here: escapes get their one form (RFC 3986 §6.2.2), and what tells visits apart rather than pages is taken off, which
/// are identifiers of sessions and of campaigns.
enum CrawlURL {
  /// The names of parameters that say where a visitor has come from.
  private static let campaigns: Set<String> = [
    "gclid", "fbclid", "msclkid", "dclid", "yclid", "mc_cid", "mc_eid", "_ga", "_gl",
  ]
  /// The names of parameters that hold a session, whatever their value.
  private static let sessions: Set<String> = [
    "jsessionid", "phpsessid", "cfid", "cftoken", "sessionid", "session_id",
  ]
  /// The names that do so where the value is as long as a session's.
  private static let perhapsSessions: Set<String> = ["sid", "session", "zenid", "oscsid"]
  private static let sessionLength = 16

  /// The URL in its one form.
  ///
  /// - Parameters:
  ///   - url: The URL.
  ///   - keepsParameters: Whether sessions and campaigns stay.
  /// - Returns: The URL for all that mean the same page.
  static func normalized(_ url: HTTPURL, keepsParameters: Bool = false) -> HTTPURL {
    let target = url.requestTarget
    guard target.utf8.contains(where: { "%;?".utf8.contains($0) }) else { return url }
    var path = Array(url.path.utf8)
    var query = url.query
    if !keepsParameters {
      path = withoutSessions(path)
      query = query.flatMap(withoutVisit)
    }
    let normal =
      String(decoding: PercentEscape.normalized(path), as: UTF8.self)
      + (query.map { "?" + String(decoding: PercentEscape.normalized(Array($0.utf8)), as: UTF8.self) } ?? "")
    if normal == target { return url }
    // Made of a URL's parts it is one.
    return (try? HTTPURL("\(url.scheme.rawValue)://\(url.authority)\(normal)")) ?? url
  }

  /// Takes `;jsessionid=…` off the segments of a path.
  private static func withoutSessions(_ path: [UInt8]) -> [UInt8] {
    guard path.contains(UInt8(ascii: ";")) else { return path }
    return Array(
      path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { segment in
        let parts = segment.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        let kept = parts.filter { !String(decoding: $0, as: UTF8.self).lowercased().hasPrefix("jsessionid=") }
        return Array(kept.joined(separator: [UInt8(ascii: ";")]))
      }.joined(separator: [UInt8(ascii: "/")]))
  }

  /// Takes sessions and campaigns off a query; nil if nothing is left.
  private static func withoutVisit(_ query: String) -> String? {
    let parameters = query.split(separator: "&", omittingEmptySubsequences: false)
    let kept = parameters.filter { !isOfVisit($0) }
    if kept.count == parameters.count { return query }
    return kept.isEmpty ? nil : kept.joined(separator: "&")
  }

  private static func isOfVisit(_ parameter: Substring) -> Bool {
    let halves = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = halves[0].lowercased()
    if name.hasPrefix("utm_") || name.hasPrefix("aspsessionid") { return true }
    if campaigns.contains(name) || sessions.contains(name) { return true }
    guard perhapsSessions.contains(name), halves.count > 1 else { return false }
    return halves[1].utf8.count >= sessionLength
      && halves[1].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }
}
