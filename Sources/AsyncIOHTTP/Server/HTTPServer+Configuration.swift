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
    /// How much of a request is read besides its body.
    public var limits = HTTPLimits()
    /// How long the head of a request may take to arrive, from its first byte, or from the connection's start, on.
    public var headTimeout: Duration = .seconds(10)
    /// How long the body of a request may take to arrive.
    public var bodyTimeout: Duration = .seconds(60)
    /// How long a connection is kept on which no request comes.
    public var idleTimeout: Duration = .seconds(60)
    /// How long a client may take to accept a piece of a response, of 256 KiB at most.
    public var writeTimeout: Duration = .seconds(60)
    /// Answers where the handler has thrown.
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
