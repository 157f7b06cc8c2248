/// Reads the line that begins a chunk: its size, and extensions that are checked and ignored.
///
/// RFC 9112 §7.1.
///
/// A byte at a time, since a chunk line is a few bytes and may be cut anywhere.
struct HTTPChunkLine: Hashable, Sendable {
  private enum State: Hashable, Sendable {
    /// Before the first digit.
    case sizeStart
    /// After a digit.
    case size
    /// Blanks after the size or an extension: only a semicolon may follow.
    case beforeSemicolon
    /// After a semicolon and blanks: a name follows.
    case nameStart
    case name
    /// Blanks after a name: an equals sign or a semicolon follows.
    case afterName
    /// After an equals sign and blanks: a token or a quoted string follows.
    case valueStart
    case token
    case quoted
    /// After a backslash within quotes.
    case escaped
    /// After the closing quote.
    case afterQuotes
    /// After the carriage return: the line feed follows.
    case lineFeed
  }

  private var state = State.sizeStart
  /// The size of the chunk, once the line is read.
  private(set) var size = 0
  /// How many bytes of the line were read.
  private(set) var length = 0
  /// How many of them were not the size.
  private(set) var extensionLength = 0

  /// Reads one byte, and tells whether it was the last one of the line.
  ///
  /// - Parameters:
  ///   - byte: the next byte.
  ///   - offset: its place in the body, for errors.
  /// - Returns: whether the line ended with it.
  /// - Throws: `HTTPCodecError` for anything but a size and well-formed extensions.
  mutating func read(_ byte: UInt8, at offset: Int) throws(HTTPCodecError) -> Bool {
    length += 1
    if state == .lineFeed {
      guard byte == .lineFeed else { throw .bareCarriageReturn(at: offset - 1) }
      return true
    }
    if byte == .lineFeed { throw .bareLineFeed(at: offset) }
    if byte == .carriageReturn { return try endLine(at: offset) }
    if state == .sizeStart || state == .size {
      try readSize(byte, at: offset)
    } else {
      state = try next(byte, at: offset)
    }
    if state != .size { extensionLength += 1 }
    return false
  }

  private mutating func endLine(at offset: Int) throws(HTTPCodecError) -> Bool {
    switch state {
    case .size, .name, .token, .afterQuotes: state = .lineFeed
    case .sizeStart: throw .invalidChunkSize(at: offset)
    default: throw .invalidChunkExtension(at: offset)
    }
    return false
  }

  private mutating func readSize(_ byte: UInt8, at offset: Int) throws(HTTPCodecError) {
    if let digit = byte.hexadecimalValue {
      guard size <= Int.max >> 4 else { throw .chunkSizeOverflow(at: offset) }
      size = size << 4 | Int(digit)
      state = .size
    } else if state == .size, byte == UInt8(ascii: ";") {
      state = .nameStart
    } else if state == .size, byte.isBlank {
      state = .beforeSemicolon
    } else {
      throw .invalidChunkSize(at: offset)
    }
  }

  /// The state after a byte of an extension.
  private func next(_ byte: UInt8, at offset: Int) throws(HTTPCodecError) -> State {
    switch (state, byte) {
    case (.beforeSemicolon, _) where byte.isBlank, (.nameStart, _) where byte.isBlank,
      (.valueStart, _) where byte.isBlank, (.afterName, _) where byte.isBlank:
      return state
    case (.nameStart, _) where ASCIISet.token.contains(byte), (.name, _) where ASCIISet.token.contains(byte):
      return .name
    case (.valueStart, UInt8(ascii: "\"")): return .quoted
    case (.valueStart, _) where ASCIISet.token.contains(byte),
      (.token, _) where ASCIISet.token.contains(byte):
      return .token
    case (.name, _) where byte.isBlank: return .afterName
    case (.token, _) where byte.isBlank, (.afterQuotes, _) where byte.isBlank: return .beforeSemicolon
    case (.name, UInt8(ascii: "=")), (.afterName, UInt8(ascii: "=")): return .valueStart
    case (.name, UInt8(ascii: ";")), (.afterName, UInt8(ascii: ";")), (.token, UInt8(ascii: ";")),
      (.afterQuotes, UInt8(ascii: ";")), (.beforeSemicolon, UInt8(ascii: ";")):
      return .nameStart
    case (.quoted, UInt8(ascii: "\"")): return .afterQuotes
    case (.quoted, UInt8(ascii: "\\")): return .escaped
    case (.quoted, _) where !byte.isForbiddenControl, (.escaped, _) where !byte.isForbiddenControl:
      return .quoted
    default: throw .invalidChunkExtension(at: offset)
    }
  }
}

extension HTTPCodecError {
  @inline(never)
  fileprivate static func invalidChunkSize(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidChunkSize,
      message:
        "A chunk size is not made of hexadecimal digits alone; the peer must send no sign, prefix or space.",
      offset: offset)
  }

  @inline(never)
  fileprivate static func chunkSizeOverflow(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .lengthOverflow, message: "A chunk size is above \(Int.max), more than can be counted here.",
      offset: offset)
  }

  @inline(never)
  fileprivate static func invalidChunkExtension(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidChunkExtension,
      message:
        "A chunk extension is not ;name, ;name=token or ;name=\"text\"; the peer had better send none.",
      offset: offset)
  }
}
