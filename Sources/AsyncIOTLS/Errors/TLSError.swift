/// A TLS connection that could not be made, or that ended otherwise than it should.
///
/// ```swift
/// do { stream = try await TLSStream.connect(host: "expired.example", port: 443) }
/// catch let error as TLSError where error.code == .certificateExpired { … }
/// ```
///
/// Errors of the stream below are thrown as they are, as `IOError`.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// The peer's certificate is no longer valid.
    public static let certificateExpired = Code(description: "certificate expired")
    /// The peer's certificate is not valid yet.
    public static let certificateNotYetValid = Code(description: "certificate not yet valid")
    /// The peer's certificate is signed with its own key, and is not among the trusted ones.
    public static let selfSignedCertificate = Code(description: "self-signed certificate")
    /// The peer's certificate leads to no trusted authority.
    public static let unknownAuthority = Code(description: "unknown authority")
    /// The peer's certificate is for other names.
    public static let wrongHost = Code(description: "wrong host")
    /// The peer has not accepted our certificate, or wants one and got none; the message says its reason.
    public static let certificateRefused = Code(description: "certificate refused")
    /// Both sides have no protocol version, cipher, or application protocol in common, or the other side does not speak TLS.
    public static let handshakeFailed = Code(description: "handshake failed")
    /// The handshake took longer than it may.
    public static let handshakeTimeout = Code(description: "handshake timeout")
    /// The connection ended without the peer's farewell: bytes may be missing.
    public static let truncated = Code(description: "truncated")
    /// What has come in is not what the peer has sent, or is against the protocol.
    public static let protocolViolation = Code(description: "protocol violation")
    /// A certificate or key cannot be read, or they do not belong together.
    public static let badConfiguration = Code(description: "bad configuration")
  }

  /// What kind of failure it is.
  public let code: Code
  /// What has happened, for people.
  public let message: String
  /// The error of the library below, where there is one.
  public let cause: (any Error)?

  /// Describes a failure.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The code and what has happened, such as `certificate expired: the certificate of example.org …`.
  public var description: String { "\(code): \(message)" }
}
