/// Why a WebSocket was closed, as a number (RFC 6455 §7.4).
public struct WebSocketCloseCode: RawRepresentable, Hashable, Sendable {
  /// The number.
  public let rawValue: UInt16

  /// Makes a code of a number; from 3000 on they are for applications.
  ///
  /// - Parameter rawValue: the number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The purpose of the connection is fulfilled.
  public static var normal: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1000) }
  /// A server ends, or a page is left.
  public static var goingAway: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1001) }
  /// The peer has broken the protocol.
  public static var protocolError: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1002) }
  /// A message is of a kind that is not accepted, such as binary where text is wanted.
  public static var unsupportedData: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1003) }
  /// The peer has closed without saying why; never sent.
  public static var noStatus: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1005) }
  /// The connection ended without the peer's farewell; never sent.
  public static var abnormal: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1006) }
  /// A message is not what its kind says, such as text that is not UTF-8.
  public static var invalidPayload: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1007) }
  /// A rule of the application's was broken, and no other code fits.
  public static var policyViolation: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1008) }
  /// A message is larger than it may be.
  public static var messageTooBig: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1009) }
  /// The server has not agreed to an extension that the client cannot do without.
  public static var mandatoryExtension: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1010) }
  /// Something unexpected keeps the sender from going on.
  public static var internalError: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1011) }
  /// The server starts anew; come back later.
  public static var serviceRestart: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1012) }
  /// The server has too much to do; come back later.
  public static var tryAgainLater: WebSocketCloseCode { WebSocketCloseCode(rawValue: 1013) }

  /// Whether the code may stand in a frame (RFC 6455 §7.4.2 and the registry of IANA).
  var isSendable: Bool {
    switch rawValue {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }

  /// Whether it says that all is well.
  var isOrderly: Bool { self == .normal || self == .goingAway || self == .noStatus }
}

extension WebSocketCloseCode: CustomStringConvertible {
  /// The number, and what it means where that is agreed.
  public var description: String {
    let names: [UInt16: String] = [
      1000: "normal", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no status",
      1006: "abnormal", 1007: "invalid payload", 1008: "policy violation", 1009: "message too big",
      1010: "mandatory extension", 1011: "internal error", 1012: "service restart", 1013: "try again later",
    ]
    return names[rawValue].map { "\(rawValue) (\($0))" } ?? "\(rawValue)"
  }
}

/// How a WebSocket was closed.
public struct WebSocketClosure: Hashable, Sendable {
  /// A side of the connection.
  public enum Side: Hashable, Sendable {
    /// This one.
    case local
    /// The peer.
    case remote
  }

  /// The code of the side that has begun; `abnormal` where the connection ended without a farewell.
  public let code: WebSocketCloseCode
  /// Why, in the words of that side; often empty.
  public let reason: String
  /// Who has begun.
  public let initiator: Side

  /// Reads the payload of a close frame (RFC 6455 §5.5.1).
  static func read(_ payload: ArraySlice<UInt8>) throws(WebSocketViolation) -> (WebSocketCloseCode, String) {
    if payload.isEmpty { return (.noStatus, "") }
    guard payload.count >= 2 else {
      throw WebSocketViolation(.protocolError, "a close frame has half a code")
    }
    let start = payload.startIndex
    let code = WebSocketCloseCode(rawValue: UInt16(payload[start]) << 8 | UInt16(payload[start + 1]))
    guard code.isSendable else {
      throw WebSocketViolation(
        .protocolError, "a close frame has the code \(code.rawValue), which none may have")
    }
    guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
      throw WebSocketViolation(.invalidPayload, "the reason of a close frame is not UTF-8")
    }
    return (code, reason)
  }

  /// The payload of a close frame.
  static func payload(_ code: WebSocketCloseCode, _ reason: String) -> [UInt8] {
    if code == .noStatus { return [] }
    return [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)] + Array(reason.utf8)
  }
}

extension WebSocketClosure: CustomStringConvertible {
  /// Such as `1001 (going away), "restart", by the peer`.
  public var description: String {
    let words = reason.isEmpty ? "" : ", \(reason.debugDescription)"
    return "\(code)\(words), by \(initiator == .local ? "this side" : "the peer")"
  }
}
