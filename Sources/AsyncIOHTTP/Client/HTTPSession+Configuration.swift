public import AsyncIONetwork
public import AsyncIOTLS
public import HTTPTypes

extension HTTPSession {
  /// The limits and habits of a session.
  public struct Configuration: Sendable {
    /// What paths are relative to; without it, requests need whole URLs.
    public var baseURL: HTTPURL?
    /// Fields of every request that has none of the same name.
    public var fields: HTTPFields = [:]
    /// Parameters that are added to the query of every request that is made by a verb, such as `get`.
    public var parameters: HTTPParameters = [:]
    /// How many connections to one host and port are open at a time, from 1 on.
    ///
    /// Requests beyond that wait their turn, first come, first served. The default of 100 is that of aiohttp; choose
    /// fewer for servers that are not yours.
    public var connectionsPerHost = 100
    /// How many connections are open at a time in all, from 1 on.
    public var connections = 1000
    /// How long a request may take in all, from the call to the last byte of the response.
    ///
    /// For a stream it is how long the head may take, and then each piece: unless the request has a time of its own, which is
    /// for everything.
    public var timeout: Duration = .seconds(30)
    /// How long single phases may take; no more than `timeout` in any case.
    public var phaseTimeouts = HTTPPhaseTimeouts()
    /// How large the body of a response may be, in bytes, compressed or not; a larger one is an error.
    ///
    /// Streams have no such limit.
    public var maximumBodySize = 64 * 1024 * 1024
    /// How long a connection is kept that nobody uses.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a connection is used for new requests; nil for no end.
    ///
    /// A limit lets a change of addresses be noticed, and loads be balanced anew.
    public var maximumConnectionAge: Duration?
    /// What the session calls itself; nil for nothing.
    public var userAgent: String? = "swift-asyncio"
    /// How much of a response is read besides its body.
    public var limits = HTTPLimits()
    /// Whom to trust and who the client is, over TLS; nil for the system's authorities and no certificate of its own.
    ///
    /// ```swift
    /// configuration.tls = try TLSContext.client {
    ///   $0.trustRoots = .file("authority.pem")
    ///   $0.applicationProtocols = ["http/1.1"]
    /// }
    /// ```
    public var tls: TLSContext?
    /// Where HTTP/2 is spoken.
    public var http2 = HTTP2Use.negotiated
    /// Which requests go through which proxy; what the environment says unless set.
    public var proxies = HTTPProxies.environment
    /// The Unix socket that all requests go to, such as that of a local daemon; proxies are passed over then.
    public var unixSocket: UnixAddress?
    /// Whether redirects are followed.
    public var redirects = HTTPRedirects.follow()
    /// Where cookies are kept from response to request; nil for nowhere.
    ///
    /// Sessions whose configurations are copies of each other share a jar.
    public var cookies: HTTPCookieJar? = HTTPCookieJar()
    /// Whether compressed bodies are asked for and decompressed.
    public var decompresses = true
    /// What each request passes through on its way to the server, the first one first.
    public var middleware: [any HTTPMiddleware] = []
    /// Whether an HTTP proxy is asked for a tunnel to every server, and not only to those over TLS.
    var alwaysTunnels = false
    /// Called after each exchange with a server, redirects and repeated attempts included.
    public var onExchange: (@Sendable (HTTPExchangeReport) -> Void)?

    /// Makes the default configuration.
    public init() {}
  }
}

extension HTTPSession {
  /// Where a session speaks HTTP/2; over HTTP/2 all requests to a host share one connection.
  ///
  /// It is the only one: requests beyond what the server allows at once wait their turn. Nothing is sent on it between requests, no
  /// pings either: one that was lost without a sign shows when the time of a request on it runs out, and then another is made.
  public enum HTTP2Use: Hashable, Sendable {
    /// Nowhere.
    case off
    /// Over TLS, where the server offers it (ALPN, RFC 7301); HTTP/1.1 elsewhere.
    ///
    /// A TLS context whose `applicationProtocols` are set says by these what is offered.
    case negotiated
    /// Over TLS where the server offers it, and on every plain connection, whose server must be known to expect it.
    ///
    /// A plain connection to an HTTP proxy speaks HTTP/1.1 all the same.
    case priorKnowledge
  }
}

/// How long single phases of a request may take; nil for as long as the request as a whole.
public struct HTTPPhaseTimeouts: Hashable, Sendable {
  /// Waiting for one of the connections that are allowed.
  public var pool: Duration?
  /// Looking up the host, connecting, and agreeing on encryption.
  public var connect: Duration?
  /// Waiting for the first byte of the response, once the request was sent.
  public var firstByte: Duration?
  /// Waiting for more of the response, each time.
  public var read: Duration?

  /// Makes limits that are none.
  public init() {}
}

/// What happened in one exchange with a server.
public struct HTTPExchangeReport: Sendable {
  /// What was to be done.
  public var method: HTTPRequest.Method
  /// Where the request went.
  public var url: HTTPURL
  /// The status of the response, if one came.
  public var status: HTTPResponse.Status?
  /// Why no response came, if none did.
  public var error: (any Error)?
  /// Whether a kept connection was used.
  public var isConnectionReused: Bool
  /// How long each phase took; for a stream up to the first byte.
  public var timings: HTTPTimings
}
