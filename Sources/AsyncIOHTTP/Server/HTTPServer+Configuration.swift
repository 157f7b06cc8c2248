import AsyncIORuntime
public import AsyncIOTLS
import HTTPTypes

extension HTTPServer {
  /// The limits and habits of a server.
  public struct Configuration: Sendable {
    /// Who the server is, over TLS; nil to speak without.
    ///
    /// ```swift
    /// configuration.tls = try TLSContext.server(certificateFile: "chain.pem", keyFile: "key.pem")
    /// ```
    public var tls: TLSContext?
    /// What is done about HTTP/2.
    public var http2 = HTTP2Configuration()
    /// How many connections are served at a time; others wait until they are accepted.
    public var maximumConnections = 10_000
    /// How large the body of a request may be, in bytes; a larger one is answered with 413.
    public var maximumBodySize = 1024 * 1024
    /// What becomes of the body of a request, decided when its head has come; where it is nil or says nil, it is read as a whole,
    /// up to `maximumBodySize`.
    ///
    /// Called for requests with a body only. A router says it for each of its routes.
    public var bodyHandling: (@Sendable (HTTPServerRequest) -> HTTPBodyHandling?)?
    /// How much of a request is read besides its body.
    public var limits = HTTPLimits()
    /// How long the head of a request may take to arrive, from its first byte, or from the connection's start, on.
    public var headTimeout: Duration = .seconds(10)
    /// How long the body of a request may take to arrive; where a handler reads it, how long each piece may take.
    public var bodyTimeout: Duration = .seconds(60)
    /// How many bytes of a body that a handler reads must come in a second, on the average, when it has waited for `bodyTimeout`
    /// altogether.
    public var minimumBodyRate = 240
    /// How long a handler may take to answer; nil for as long as it likes.
    ///
    /// Then it is cancelled, and the client gets 503 at once, whether or not the handler heeds its cancellation. The body of the
    /// response, if it is written piece by piece, takes no part in this.
    public var requestTimeout: Duration?
    /// Whether a client that has ended its side waits for the answer to a request that is being handled.
    ///
    /// Few do, such as `nc`; nearly all who end their side have gone. So by default such a request is abandoned, and its handler
    /// cancelled, as after a reset: within a second, or an eighth of the time that it has run.
    public var allowsHalfClose = false
    /// How long a connection is kept on which no request comes.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a client may take to accept a piece of a response, of 256 KiB at most.
    public var writeTimeout: Duration = .seconds(60)
    /// Called for each request that was answered by the handler, when its response was sent; nil for nobody.
    ///
    /// It must not block, as it is called on the thread of the connection.
    public var accessLog: (@Sendable (HTTPAccessRecord) -> Void)?
    /// Answers where the handler has thrown an error that says nothing itself (``HTTPRespondingError``).
    ///
    /// By default the error is reported as unhandled (`EventLoop.setUnhandledErrorHandler`), and the answer is 500 and
    /// tells nothing about it.
    public var errorHandler: @Sendable (any Error, HTTPServerRequest) -> HTTPServerResponse = {
      error, request in
      EventLoop.reportUnhandled(error, source: "the handler of \(request)")
      return .plain(.internalServerError)
    }

    /// Makes the default configuration.
    public init() {}
  }
}
