// Strict UTF-8 (RFC 3629), wherever the bytes are cut. What is wrong shows at the first byte that no text could have there.

/// Tells whether bytes that come in pieces are UTF-8.
struct UTF8Validator: Sendable {
  /// How many bytes of a character are missing.
  private var missing: UInt8 = 0
  /// What the next of them may be; after the first one all may be 0x80 to 0xBF.
  private var lower: UInt8 = 0x80
  private var upper: UInt8 = 0xBF

  /// Whether no character is incomplete.
  var isComplete: Bool { missing == 0 }

  /// Takes some more bytes; false if they can be in no text after those before.
  ///
  /// - Complexity: O(*n*), eight bytes of ASCII at a time.
  mutating func accepts(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    var index = range.lowerBound
    let end = range.upperBound
    while index < end {
      if missing == 0 {
        while index &+ 8 <= end, bytes.word(at: index) & 0x8080_8080_8080_8080 == 0 { index &+= 8 }
        while index < end, bytes[index] < 0x80 { index &+= 1 }
        guard index < end else { return true }
        guard begins(bytes[index]) else { return false }
      } else {
        let byte = bytes[index]
        guard byte >= lower, byte <= upper else { return false }
        (lower, upper) = (0x80, 0xBF)
        missing &-= 1
      }
      index &+= 1
    }
    return true
  }

  /// Takes the first byte of a character beyond ASCII: no overlong forms, no surrogates, nothing beyond U+10FFFF.
  private mutating func begins(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: missing = 1
    case 0xE0...0xEF:
      missing = 2
      if byte == 0xE0 { lower = 0xA0 }
      if byte == 0xED { upper = 0x9F }
    case 0xF0...0xF4:
      missing = 3
      if byte == 0xF0 { lower = 0x90 }
      if byte == 0xF4 { upper = 0x8F }
    default: return false
    }
    return true
  }
}
