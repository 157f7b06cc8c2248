import Glibc

/// Which requests of a session go through which proxy.
///
/// ```swift
/// configuration.proxies = HTTPProxies(https: try HTTPProxy("http://proxy.example:3128"), except: ["intern.example", "10.0.0.0/8"])
/// ```
public struct HTTPProxies: Hashable, Sendable {
  private enum Choice: Hashable, Sendable {
    case proxy(HTTPProxy)
    /// The environment names something that is no proxy.
    case unusable(String)
  }

  private var http: Choice?
  private var https: Choice?
  private var exceptions: [HTTPProxyException]
  private var skipsLoopback = false

  /// Makes a choice.
  ///
  /// - Parameters:
  ///   - http: for `http` URLs; nil for none.
  ///   - https: for `https` URLs; nil for none.
  ///   - exceptions: hosts that are reached directly: `*` for all, `example.org` for that and the hosts below it, addresses, and
  ///     blocks of addresses such as `10.0.0.0/8`; each perhaps with a port, as in `example.org:8080`.
  public init(http: HTTPProxy? = nil, https: HTTPProxy? = nil, except exceptions: [String] = []) {
    self.http = http.map { .proxy($0) }
    self.https = https.map { .proxy($0) }
    self.exceptions = exceptions.compactMap { HTTPProxyException($0) }
  }

  /// No proxy for any.
  public static var none: HTTPProxies { HTTPProxies() }

  /// One proxy for all, but for exceptions.
  public static func all(_ proxy: HTTPProxy, except exceptions: [String] = []) -> HTTPProxies {
    HTTPProxies(http: proxy, https: proxy, except: exceptions)
  }

  /// What the environment says now: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or the same in capitals.
  ///
  /// Small letters come first, as for curl. This machine itself is always reached directly. In a CGI program, where
  /// `HTTP_PROXY` is a field of the request, that is passed over.
  public static var environment: HTTPProxies { HTTPProxies(environment: Self.variable) }

  init(environment variable: (String) -> String?) {
    func value(_ name: String) -> String? {
      if let value = variable(name), !value.isEmpty { return value }
      if name == "http_proxy", variable("REQUEST_METHOD") != nil { return nil }
      return variable(name.uppercased()).flatMap { $0.isEmpty ? nil : $0 }
    }
    func choice(_ name: String) -> Choice? {
      guard let text = value(name) else { return nil }
      do { return .proxy(try HTTPProxy(text)) } catch {
        return .unusable("the environment variable \(name) names no proxy: \(error)")
      }
    }
    let all = choice("all_proxy")
    http = choice("http_proxy") ?? all
    https = choice("https_proxy") ?? all
    exceptions = (value("no_proxy") ?? "").split { $0 == "," || $0.isWhitespace }.compactMap {
      HTTPProxyException(String($0))
    }
    skipsLoopback = true
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// How to get to an origin.
  func route(to origin: HTTPOrigin) -> HTTPRoutes.Route {
    guard let choice = origin.scheme == .https ? https : http else { return .direct }
    if skipsLoopback, HTTPProxyException.isLoopback(origin.host) { return .direct }
    if exceptions.contains(where: { $0.matches(origin) }) { return .direct }
    switch choice {
    case .proxy(let proxy): return .proxy(proxy)
    case .unusable(let reason): return .none(HTTPProxyError(reason))
    }
  }
}
