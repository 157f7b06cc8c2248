public import HTTPTypes

/// A WebSocket that could not be opened, or is of no more use.
///
/// ```swift
/// do {
///   while true { handle(try await socket.receive()) }
/// } catch let error as WebSocketError where error.code == .closed {
///   print(error.closure?.code ?? .abnormal, error.closure?.reason ?? "")
/// }
/// ```
public struct WebSocketError: Error, Sendable {
  /// What kind of failure it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The name of the kind, as it is written in Swift.
    public let description: String

    init(_ name: String) { description = name }

    /// The server has not agreed to speak WebSocket; nothing was sent.
    public static var handshakeFailed: Code { Code("handshakeFailed") }
    /// The connection was closed by one of the sides; `closure` says by whom and why.
    public static var closed: Code { Code("closed") }
    /// The connection ended without a farewell.
    public static var connectionLost: Code { Code("connectionLost") }
    /// The peer has broken the protocol, and was told so.
    public static var protocolViolation: Code { Code("protocolViolation") }
    /// The peer has sent text that is not UTF-8, or compressed data that are damaged.
    public static var invalidPayload: Code { Code("invalidPayload") }
    /// A message or a frame is larger than it may be, and the peer was told so.
    public static var messageTooLarge: Code { Code("messageTooLarge") }
    /// The peer has not answered a ping in time.
    public static var pingTimeout: Code { Code("pingTimeout") }
    /// A message that was being sent piece by piece was not sent to its end.
    public static var incompleteMessage: Code { Code("incompleteMessage") }
  }

  /// What kind of failure it is, for programs.
  public var code: Code
  /// What has failed and why, for people.
  public var message: String
  /// How the connection was closed, where it was.
  public var closure: WebSocketClosure?
  /// The status of the response to a handshake that failed.
  public var status: HTTPResponse.Status?
  /// The error that caused this one.
  public var underlying: (any Error)?

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: what kind of failure it is.
  ///   - message: what has failed and why.
  ///   - closure: how the connection was closed.
  ///   - status: the status of the response to a handshake.
  ///   - underlying: the error that caused this one.
  public init(
    code: Code, message: String, closure: WebSocketClosure? = nil, status: HTTPResponse.Status? = nil,
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.closure = closure
    self.status = status
    self.underlying = underlying
  }
}

extension WebSocketError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

extension WebSocketError {
  static func closed(_ closure: WebSocketClosure) -> WebSocketError {
    WebSocketError(
      code: .closed, message: "the WebSocket was closed with \(closure)", closure: closure)
  }

  static func lost(_ error: (any Error)?) -> WebSocketError {
    let reason = error.map { ": \($0)" } ?? ", as the peer has ended it"
    return WebSocketError(
      code: .connectionLost, message: "the connection of the WebSocket ended without a farewell\(reason)",
      closure: WebSocketClosure(code: .abnormal, reason: "", initiator: .remote), underlying: error)
  }

  static func violated(_ violation: WebSocketViolation) -> WebSocketError {
    let code: Code =
      switch violation.code {
      case .messageTooBig: .messageTooLarge
      case .invalidPayload: .invalidPayload
      default: .protocolViolation
      }
    return WebSocketError(
      code: code, message: "the WebSocket was closed, as \(violation.message)",
      closure: WebSocketClosure(code: violation.code, reason: violation.message, initiator: .local))
  }

  static func unanswered(_ timeout: Duration) -> WebSocketError {
    WebSocketError(
      code: .pingTimeout, message: "the peer of the WebSocket has not answered a ping within \(timeout)",
      closure: WebSocketClosure(code: .internalError, reason: "no pong in time", initiator: .local))
  }

  /// For whoever waits for the answer to a ping; the connection is as it was.
  static func unseen(_ timeout: Duration) -> WebSocketError {
    WebSocketError(
      code: .pingTimeout, message: "no answer of the WebSocket's peer to a ping was seen within \(timeout)")
  }

  static func incomplete() -> WebSocketError {
    WebSocketError(
      code: .incompleteMessage,
      message: "the WebSocket was closed, as a message that was sent piece by piece did not come to its end",
      closure: WebSocketClosure(code: .internalError, reason: "incomplete message", initiator: .local))
  }
}
