import AsyncIONetwork
import AsyncIOTLS

/// How the connections of a session get to their servers.
struct HTTPRoutes: Sendable {
  /// By which way.
  enum Route: Sendable {
    case direct
    case unixSocket(UnixAddress)
    case proxy(HTTPProxy)
    /// By none, and why.
    case none(HTTPProxyError)
  }

  private let unixSocket: UnixAddress?
  private let proxies: HTTPProxies
  private let context: TLSContext?
  let http2: HTTPSession.HTTP2Use
  private let alwaysTunnels: Bool

  init(_ configuration: HTTPSession.Configuration) {
    unixSocket = configuration.unixSocket
    proxies = configuration.proxies
    http2 = configuration.http2
    alwaysTunnels = configuration.alwaysTunnels
    context = configuration.tls?.offering(Self.protocolNames(http2))
  }

  func route(to origin: HTTPOrigin) -> Route {
    if let unixSocket { return .unixSocket(unixSocket) }
    return proxies.route(to: origin)
  }

  /// Whether a proxy gets whole URLs for an origin, and makes no tunnel to it.
  func forwards(_ origin: HTTPOrigin, _ proxy: HTTPProxy) -> Bool {
    proxy.kind == .http && origin.scheme == .http && !alwaysTunnels
  }

  /// The context of connections over TLS.
  ///
  /// - Throws: `TLSError` when the system's authorities cannot be read.
  func tlsContext() throws -> TLSContext {
    if let context { return context }
    return try http2 == .off ? Self.contextOfHTTP1.get() : Self.defaultContext.get()
  }

  /// Whether connections to an origin may turn out to speak HTTP/2.
  func mayShare(_ origin: HTTPOrigin) -> Bool {
    switch http2 {
    case .off: false
    case .negotiated: origin.scheme == .https
    case .priorKnowledge: true
    }
  }

  // Made when they are first needed, as reading the system's authorities takes milliseconds.
  private static let contextOfHTTP1 = Result {
    try TLSContext.client { $0.applicationProtocols = protocolNames(.off) }
  }
  private static let defaultContext = Result {
    try TLSContext.client { $0.applicationProtocols = protocolNames(.negotiated) }
  }

  /// What is spoken here, as ALPN names it, the dearest first.
  static func protocolNames(_ http2: HTTPSession.HTTP2Use) -> [String] {
    http2 == .off ? ["http/1.1"] : [http2Name, "http/1.1"]
  }

  static let http2Name = "h2"
}
