public import HTTPTypes

/// A request that got no response that can be used.
///
/// Messages name the URL. A response that breaks the protocol is an ``HTTPCodecError``, a text that is no URL an
/// ``HTTPURLError``, time that has run out a `TimeoutError`, and a cancelled task a `CancellationError`.
///
/// ```swift
/// do {
///   try await session.get("http://example.org/").raiseForStatus()
/// } catch let error as HTTPError where error.code == .connectionFailed {
///   print(error)      // GET http://example.org/: cannot connect: …
/// }
/// ```
public struct HTTPError: Error, Sendable {
  /// What kind of failure it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The name of the kind, as it is written in Swift.
    public let description: String

    init(_ name: String) { description = name }

    /// The host has no address, or none of them could be connected to.
    public static var connectionFailed: Code { Code("connectionFailed") }
    /// No secure connection could be made; the cause is a `TLSError`, whose code says what is wrong, as with a certificate.
    public static var secureConnectionFailed: Code { Code("secureConnectionFailed") }
    /// The proxy cannot be used, or refuses to connect.
    public static var proxyFailed: Code { Code("proxyFailed") }
    /// The connection was closed or reset before the response was complete.
    public static var connectionLost: Code { Code("connectionLost") }
    /// The server has given the request up and kept the connection, over HTTP/2; the cause is an ``HTTP2Error``.
    public static var streamReset: Code { Code("streamReset") }
    /// The body of the response is larger than it may be.
    public static var bodyTooLarge: Code { Code("bodyTooLarge") }
    /// The server sends interim responses without end.
    public static var tooManyInterimResponses: Code { Code("tooManyInterimResponses") }
    /// The status says that the request failed; thrown by `raiseForStatus` alone.
    public static var unsuccessfulStatus: Code { Code("unsuccessfulStatus") }
    /// More redirects came than are followed.
    public static var tooManyRedirects: Code { Code("tooManyRedirects") }
    /// A redirect leads nowhere.
    public static var invalidRedirect: Code { Code("invalidRedirect") }
    /// The body has to be sent once more, and can be sent once only.
    public static var bodyNotRepeatable: Code { Code("bodyNotRepeatable") }
    /// The body is compressed in a way that is not known, or is damaged.
    public static var invalidContentEncoding: Code { Code("invalidContentEncoding") }
    /// The body is not the JSON that was expected.
    public static var invalidJSON: Code { Code("invalidJSON") }
    /// The body is no stream of events.
    public static var noEventStream: Code { Code("noEventStream") }
    /// A piece of a streamed body was asked for after the end of its scope.
    public static var streamEnded: Code { Code("streamEnded") }
    /// Time has run out; this is the cause of a `TimeoutError`, which says how long was given.
    public static var timedOut: Code { Code("timedOut") }
    /// A mock or a recording has no answer to a request.
    public static var noRoute: Code { Code("noRoute") }
    /// A policy of the session did not let the request pass.
    public static var refusedByPolicy: Code { Code("refusedByPolicy") }
    /// The session was closed before or during the request.
    public static var sessionClosed: Code { Code("sessionClosed") }
  }

  /// What kind of failure it is, for programs.
  public var code: Code
  /// What has failed and why, for people; it names the URL.
  public var message: String
  /// The URL of the request.
  public var url: HTTPURL
  /// The status of the response, where there is one.
  public var status: HTTPResponse.Status?
  /// The error that caused this one.
  public var underlying: (any Error)?
  /// How long each phase took, where time has run out.
  public var timings: HTTPTimings?
  /// In which phase time has run out.
  var phase: HTTPPhase?

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: what kind of failure it is.
  ///   - message: what has failed and why; it should name the URL.
  ///   - url: the URL of the request.
  ///   - status: the status of the response, where there is one.
  ///   - underlying: the error that caused this one.
  public init(
    code: Code, message: String, url: HTTPURL, status: HTTPResponse.Status? = nil,
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.url = url
    self.status = status
    self.underlying = underlying
  }
}

extension HTTPError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
