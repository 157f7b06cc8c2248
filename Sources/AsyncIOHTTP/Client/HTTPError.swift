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

    /// The URL's scheme is not spoken here.
    public static var unsupportedScheme: Code { Code("unsupportedScheme") }
    /// The host has no address, or none of them could be connected to.
    public static var connectionFailed: Code { Code("connectionFailed") }
    /// The connection was closed or reset before the response was complete.
    public static var connectionLost: Code { Code("connectionLost") }
    /// The body of the response is larger than it may be.
    public static var bodyTooLarge: Code { Code("bodyTooLarge") }
    /// The server sends interim responses without end.
    public static var tooManyInterimResponses: Code { Code("tooManyInterimResponses") }
    /// The status says that the request failed; thrown by `raiseForStatus` alone.
    public static var unsuccessfulStatus: Code { Code("unsuccessfulStatus") }
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
