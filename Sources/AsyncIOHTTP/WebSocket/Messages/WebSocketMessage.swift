/// A message of a WebSocket.
public enum WebSocketMessage: Hashable, Sendable {
  /// Text, which is UTF-8 on the way.
  case text(String)
  /// Bytes.
  case binary([UInt8])

  /// What a message consists of.
  public enum Kind: Hashable, Sendable {
    /// UTF-8.
    case text
    /// Any bytes.
    case binary

    var opcode: WebSocketOpcode {
      switch self {
      case .text: .text
      case .binary: .binary
      }
    }
  }

  /// What the message consists of.
  public var kind: Kind {
    switch self {
    case .text: .text
    case .binary: .binary
    }
  }

  /// The text of a text message; nil for a binary one.
  public var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The bytes of the message; those of a text are its UTF-8.
  public var bytes: [UInt8] {
    switch self {
    case .text(let text): Array(text.utf8)
    case .binary(let bytes): bytes
    }
  }

  /// How large it is, in bytes.
  var size: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .binary(let bytes): bytes.count
    }
  }
}
