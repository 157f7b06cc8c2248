extension HTTPSession {
  /// The limits and habits of a session.
  public struct Configuration: Sendable {
    /// How many connections to one host and port are open at a time, from 1 on.
    ///
    /// Requests beyond that wait their turn, first come, first served. The default of 100 is that of aiohttp; choose
    /// fewer for servers that are not yours.
    public var connectionsPerHost = 100
    /// How long a request may take in all, from the call to the last byte of the response.
    public var timeout: Duration = .seconds(30)
    /// How large the body of a response may be, in bytes; a larger one is an error.
    public var maximumBodySize = 64 * 1024 * 1024
    /// How long a connection is kept that nobody uses.
    public var idleTimeout: Duration = .seconds(60)
    /// What the session calls itself; nil for nothing.
    public var userAgent: String? = "swift-asyncio"
    /// How much of a response is read besides its body.
    public var limits = HTTPLimits()

    /// Makes the default configuration.
    public init() {}
  }
}
