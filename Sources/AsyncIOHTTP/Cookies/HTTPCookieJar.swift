// Cookies by domain. Everything is guarded by one lock; `isEmpty` is an atomic beside it, so that requests of a session without
// cookies take no lock.

import HTTPTypes
import Synchronization

/// Keeps cookies from responses, and gives them to requests (RFC 6265).
///
/// A jar may be shared by sessions, and used from any task.
///
/// ```swift
/// let jar = HTTPCookieJar()
/// var configuration = HTTPSession.Configuration()
/// configuration.cookies = jar
/// try await withHTTPSession(configuration) { session in
///   try await session.post("https://example.org/login", body: .form(["user": "me", "password": secret]))
///   try await session.get("https://example.org/private")      // with the cookie that came
/// }
/// ```
///
/// There is no list of public suffixes here, as it would be out of date soon: without one, a cookie for a whole domain without
/// a dot, such as `com`, is refused, and one for `co.uk` is not. Give `isPublicSuffix` if strangers' sites share a session.
public final class HTTPCookieJar: Sendable {
  fileprivate struct State {
    /// By domain, then in the order in which they were made.
    var cookies: [String: [HTTPCookie]] = [:]
    var count = 0
  }

  /// How many cookies a domain may have, and how many a jar holds in all (RFC 6265 §6.1).
  static let domainLimit = 50
  static let totalLimit = 3000

  private let state = Mutex(State())
  private let isFilled = Atomic(false)
  private let isPublicSuffix: @Sendable (String) -> Bool
  private let now: @Sendable () -> Int64

  /// Makes an empty jar.
  ///
  /// - Parameter isPublicSuffix: tells whether names below a domain belong to different people, such as `co.uk`; if nil, all
  ///   domains without a dot are taken for such.
  public convenience init(isPublicSuffix: (@Sendable (String) -> Bool)? = nil) {
    self.init(isPublicSuffix: isPublicSuffix ?? { !$0.utf8.contains(UInt8(ascii: ".")) }) {
      HTTPWallClock.now
    }
  }

  init(isPublicSuffix: @escaping @Sendable (String) -> Bool, now: @escaping @Sendable () -> Int64) {
    self.isPublicSuffix = isPublicSuffix
    self.now = now
  }

  /// Whether there is none.
  public var isEmpty: Bool { !isFilled.load(ordering: .acquiring) }

  /// All cookies, in no particular order; they can be saved, and set again in another run.
  public var all: [HTTPCookie] { state.withLock { $0.cookies.values.flatMap(\.self) } }

  /// The cookies that go with a request to `url`: longer paths first, then the oldest (RFC 6265 §5.4).
  public func cookies(for url: HTTPURL) -> [HTTPCookie] {
    if isEmpty { return [] }
    let now = now()
    let found = state.withLock { state in
      Self.domains(of: url.host).flatMap { state.cookies[$0] ?? [] }
    }
    // Sorting is stable.
    return found.filter { $0.goes(to: url, now: now) }.sorted { $0.path.utf8.count > $1.path.utf8.count }
  }

  /// Adds a cookie, in the place of one with the same name, domain and path; one that has expired only removes that.
  public func set(_ cookie: HTTPCookie) {
    let now = now()
    state.withLock { state in
      var list = state.cookies[cookie.domain] ?? []
      let before = list.count
      if let place = list.firstIndex(where: { $0.isSameCookie(as: cookie) }) {
        // It keeps its age.
        if cookie.isExpired(now: now) { list.remove(at: place) } else { list[place] = cookie }
      } else if !cookie.isExpired(now: now) {
        if list.count >= Self.domainLimit { list.removeAll { $0.isExpired(now: now) } }
        if list.count >= Self.domainLimit { list.removeFirst() }
        list.append(cookie)
      }
      state.count += list.count - before
      state.cookies[cookie.domain] = list.isEmpty ? nil : list
      if state.count > Self.totalLimit { state.shrink(keeping: cookie.domain, now: now) }
      isFilled.store(state.count > 0, ordering: .releasing)
    }
  }

  /// Adds the cookies that a text for `Set-Cookie` from `url` sets; what the RFC says must be ignored is.
  public func set(_ text: String, from url: HTTPURL) {
    guard let cookie = HTTPCookie(parsing: text, from: url, now: now(), isPublicSuffix: isPublicSuffix) else {
      return
    }
    set(cookie)
  }

  /// Removes all cookies, or those of one domain.
  public func removeAll(domain: String? = nil) {
    state.withLock { state in
      if let domain {
        state.count -= state.cookies.removeValue(forKey: domain.lowercased())?.count ?? 0
      } else {
        state = State()
      }
      isFilled.store(state.count > 0, ordering: .releasing)
    }
  }

  /// The host, and the domains above it.
  private static func domains(of host: String) -> [String] {
    if host.isAddress { return [host] }
    var domains = [host]
    var rest = host[...]
    while let dot = rest.firstIndex(of: ".") {
      rest = rest[rest.index(after: dot)...]
      domains.append(String(rest))
    }
    return domains
  }

  // MARK: Sessions

  /// Adds the cookies to a request, behind those that it has.
  func apply(to request: inout HTTPClientRequest) {
    let cookies = cookies(for: request.url)
    if cookies.isEmpty { return }
    let text = cookies.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
    let whole = request.fields[.cookie].map { $0 + "; " + text } ?? text
    // One line: the subscript for text would make one of each cookie, as HTTP/2 has it.
    request.fields[fields: .cookie] = [HTTPField(name: .cookie, value: whole)]
  }

  /// Keeps the cookies that a response sets.
  func store(_ response: HTTPClientResponse) {
    for text in response.values(of: .setCookie) { set(text, from: response.url) }
  }
}

extension HTTPCookie {
  fileprivate func isSameCookie(as other: HTTPCookie) -> Bool {
    name == other.name && path == other.path && domain == other.domain
  }
}

extension HTTPCookieJar.State {
  /// Makes room: what has expired goes, and then whole domains, but not this one.
  fileprivate mutating func shrink(keeping kept: String, now: Int64) {
    for (domain, list) in cookies {
      let alive = list.filter { !$0.isExpired(now: now) }
      count += alive.count - list.count
      cookies[domain] = alive.isEmpty ? nil : alive
    }
    while count > HTTPCookieJar.totalLimit, let domain = cookies.keys.first(where: { $0 != kept }) {
      count -= cookies.removeValue(forKey: domain)?.count ?? 0
    }
  }
}
