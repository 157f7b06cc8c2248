/// What has gone wrong with a stream, or with a whole connection, of HTTP/2.
///
/// It is the `underlying` error of the ``HTTPError`` that a request throws.
public struct HTTP2Error: Error, Sendable {
  /// Why a stream or a connection was ended, as the protocol numbers it (RFC 9113 §7).
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The number that is sent.
    public let number: UInt32

    /// Makes the code with a number, known or not.
    ///
    /// - Parameter number: what is sent in `RST_STREAM` and `GOAWAY`.
    public init(number: UInt32) { self.number = number }

    /// Nothing is wrong: a graceful end.
    public static var noError: Code { Code(number: 0x0) }
    /// The peer has broken the protocol.
    public static var protocolError: Code { Code(number: 0x1) }
    /// The peer failed within itself.
    public static var internalError: Code { Code(number: 0x2) }
    /// The other side has sent more than it was allowed to.
    public static var flowControlError: Code { Code(number: 0x3) }
    /// The stream was not processed, so that its request may be sent again.
    public static var refusedStream: Code { Code(number: 0x7) }
    /// The stream is not wanted any more.
    public static var cancel: Code { Code(number: 0x8) }
    /// The other side causes too much work.
    public static var enhanceYourCalm: Code { Code(number: 0xb) }
    /// The request must be sent over HTTP/1.1.
    public static var http11Required: Code { Code(number: 0xd) }

    private static let names = [
      "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
      "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
      "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    /// The name that the protocol gives it, such as `REFUSED_STREAM`; the number where it has none.
    public var description: String {
      number < Self.names.count ? Self.names[Int(number)] : "error 0x\(String(number, radix: 16))"
    }
  }

  /// Why it was ended, for programs.
  public let code: Code
  /// The number of the stream; nil where it never got one.
  public let stream: Int?
  /// What has happened, for people; with the number of the stream and the name of the code.
  public let message: String
  /// Whether the peer has surely not acted upon the request, so that it may be sent again whatever its method.
  public let isUnprocessed: Bool
  /// Whether the connection has ended, and not the stream alone.
  let isOfConnection: Bool

  init(
    _ code: Code, stream: Int?, _ message: String, isUnprocessed: Bool = false, isOfConnection: Bool = false
  ) {
    self.code = code
    self.stream = stream
    self.message = message
    self.isUnprocessed = isUnprocessed
    self.isOfConnection = isOfConnection
  }
}

extension HTTP2Error: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

extension HTTP2Error {
  /// The peer has reset a stream.
  static func reset(_ stream: Int, _ code: Code) -> HTTP2Error {
    HTTP2Error(
      code, stream: stream, "stream \(stream) was reset by the peer: \(code)",
      isUnprocessed: code == .refusedStream)
  }

  /// A stream was reset here, as the peer has broken the rules on it.
  static func violation(_ stream: Int, _ code: Code, _ detail: String) -> HTTP2Error {
    HTTP2Error(code, stream: stream, "stream \(stream) was given up: \(code), \(detail)")
  }

  /// The peer goes away, and will not process a stream.
  static func goneAway(_ stream: Int, _ code: Code, lastStream: Int, _ detail: String) -> HTTP2Error {
    HTTP2Error(
      code, stream: stream,
      "stream \(stream) is beyond \(lastStream), the last one that the peer processes: "
        + "GOAWAY \(code)\(detail)", isUnprocessed: true, isOfConnection: true)
  }

  /// A connection takes no more requests.
  static func notOpened() -> HTTP2Error {
    HTTP2Error(
      .refusedStream, stream: nil, "the connection takes no more requests; this one was not sent",
      isUnprocessed: true, isOfConnection: true)
  }

  /// The peer wants no more of a request's body.
  static func unwanted(_ stream: Int) -> HTTP2Error {
    HTTP2Error(
      .noError, stream: stream, "stream \(stream): the peer has answered without the rest of the body")
  }

  /// The connection has ended with a stream open.
  func onStream(_ stream: Int) -> HTTP2Error {
    HTTP2Error(
      code, stream: stream, "stream \(stream) ended with its connection: \(message)", isOfConnection: true)
  }
}
