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

  init(_ configuration: HTTPSession.Configuration) {
    unixSocket = configuration.unixSocket
    proxies = configuration.proxies
    context = configuration.tls
  }

  func route(to origin: HTTPOrigin) -> Route {
    if let unixSocket { return .unixSocket(unixSocket) }
    return proxies.route(to: origin)
  }

  /// The context of connections over TLS.
  ///
  /// - Throws: `TLSError` when the system's authorities cannot be read.
  func tlsContext() throws -> TLSContext {
    if let context { return context }
    return try Self.defaultContext.get()
  }

  /// Made when it is first needed, as reading the system's authorities takes milliseconds.
  private static let defaultContext = Result {
    try TLSContext.client { $0.applicationProtocols = [HTTPRoutes.protocolName] }
  }

  /// What is spoken here, as ALPN names it.
  static let protocolName = "http/1.1"
}
