// Frames are read and written here, and not by NIOWebSocket: its decoder gives a frame out when the whole of it has come, so
// that a message larger than memory could not be read at all; it leaves the reserved bits to others; and each frame would
// go through a pipeline and be copied once more. What is left is a header of 2 to 14 bytes.

/// What a frame is (RFC 6455 §5.2).
enum WebSocketOpcode: UInt8, Sendable {
  /// Goes on with the message whose first frame came before.
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xA

  /// Whether the frame may come in the middle of a message.
  var isControl: Bool { rawValue & 0x8 != 0 }
}

/// Something that the peer must not send.
struct WebSocketViolation: Error, Equatable {
  /// What the peer is told.
  let code: WebSocketCloseCode
  /// What is wrong, for people.
  let message: String

  init(_ code: WebSocketCloseCode = .protocolError, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// The first bytes of a frame.
struct WebSocketFrameHeader: Equatable, Sendable {
  /// The longest payload of a control frame.
  static let controlLimit = 125
  /// The longest header.
  static let maximumSize = 14

  var opcode: WebSocketOpcode
  /// Whether it is the last frame of its message.
  var isFinal = true
  /// Whether the message that begins is compressed (RFC 7692 §6).
  var isCompressed = false
  /// How long the payload is, in bytes.
  var length: Int
  /// What the payload is masked with, its first byte lowest; nil where it is not.
  var mask: UInt32?
}

// MARK: Reading

extension WebSocketFrameHeader {
  /// What a peer may send.
  struct Rules: Sendable {
    /// Whether frames are masked: those of clients are, those of servers are not.
    var isMasked: Bool
    /// Whether messages may be compressed.
    var allowsCompression: Bool
  }

  /// Reads a header if it is there as a whole; what is wrong is noticed with the first byte that shows it.
  ///
  /// - Parameters:
  ///   - bytes: the input.
  ///   - start: where the header begins.
  ///   - rules: what the peer may send.
  /// - Returns: the header and its size in bytes.
  /// - Throws: `WebSocketViolation`.
  static func read(
    _ bytes: Span<UInt8>, from start: Int, _ rules: Rules
  ) throws(WebSocketViolation) -> (header: WebSocketFrameHeader, size: Int)? {
    let available = bytes.count &- start
    guard available >= 1 else { return nil }
    let first = bytes[start]
    guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
      throw WebSocketViolation(.protocolError, "a frame has the unknown opcode \(first & 0x0F)")
    }
    let isFinal = first & 0x80 != 0
    let isCompressed = first & 0x40 != 0
    try check(first, opcode, rules)
    guard available >= 2 else { return nil }
    let second = bytes[start &+ 1]
    let isMasked = second & 0x80 != 0
    guard isMasked == rules.isMasked else {
      throw WebSocketViolation(
        .protocolError, isMasked ? "a frame of a server is masked" : "a frame of a client is not masked")
    }
    var length = Int(second & 0x7F)
    guard !opcode.isControl || length <= controlLimit else {
      throw WebSocketViolation(.protocolError, "a control frame is longer than \(controlLimit) bytes")
    }
    var size = 2
    if length == 126 {
      size = 4
      guard available >= size else { return nil }
      length = Int(bytes[start &+ 2]) << 8 | Int(bytes[start &+ 3])
      if length < 126 { throw notMinimal }
    } else if length == 127 {
      size = 10
      guard available >= size else { return nil }
      var long: UInt64 = 0
      for index in 2..<10 { long = long << 8 | UInt64(bytes[start &+ index]) }
      guard let exact = Int(exactly: long) else {
        throw WebSocketViolation(.protocolError, "the length of a frame has its highest bit set")
      }
      length = exact
      if length < 65_536 { throw notMinimal }
    }
    var mask: UInt32?
    if isMasked {
      guard available >= size &+ 4 else { return nil }
      var key: UInt32 = 0
      for index in 0..<4 { key |= UInt32(bytes[start &+ size &+ index]) << UInt32(8 * index) }
      mask = key
      size &+= 4
    }
    return (
      WebSocketFrameHeader(
        opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, length: length, mask: mask), size
    )
  }

  private static func check(
    _ first: UInt8, _ opcode: WebSocketOpcode, _ rules: Rules
  ) throws(WebSocketViolation) {
    guard first & 0x30 == 0 else {
      throw WebSocketViolation(.protocolError, "a frame has reserved bits set that nobody has agreed on")
    }
    if first & 0x40 != 0 {
      guard rules.allowsCompression, opcode == .text || opcode == .binary else {
        throw WebSocketViolation(
          .protocolError, "a frame is marked as compressed where none may be, or nobody has agreed on that")
      }
    }
    guard !opcode.isControl || first & 0x80 != 0 else {
      throw WebSocketViolation(.protocolError, "a control frame is fragmented")
    }
  }

  private static var notMinimal: WebSocketViolation {
    WebSocketViolation(.protocolError, "the length of a frame takes more bytes than it needs")
  }
}

// MARK: Writing

extension WebSocketFrameHeader {
  /// Appends the header.
  func append(to bytes: inout [UInt8]) {
    bytes.append(opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0))
    let masked: UInt8 = mask == nil ? 0 : 0x80
    switch length {
    case ..<126: bytes.append(masked | UInt8(length))
    case ..<65_536:
      bytes.append(masked | 126)
      bytes.append(UInt8(length >> 8))
      bytes.append(UInt8(truncatingIfNeeded: length))
    default:
      bytes.append(masked | 127)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: length >> shift))
      }
    }
    guard let mask else { return }
    for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: mask >> shift)) }
  }

  /// Appends a frame with this header and a payload, which is masked on the way.
  func append(with payload: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + Self.maximumSize + payload.count)
    append(to: &bytes)
    let start = bytes.count
    bytes.append(contentsOf: payload)
    if let mask { bytes.mask(start..<bytes.count, with: mask) }
  }
}
