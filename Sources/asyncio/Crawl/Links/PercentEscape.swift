/// Percent-encoding of single bytes (RFC 3986 §2.1).
enum PercentEscape {
  /// The byte that two hexadecimal digits at the beginning of `bytes` stand for.
  static func value(in bytes: ArraySlice<UInt8>) -> UInt8? {
    guard bytes.count >= 2, let high = digit(bytes[bytes.startIndex]),
      let low = digit(bytes[bytes.startIndex + 1])
    else { return nil }
    return high << 4 | low
  }

  /// Whether a byte means the same escaped or not (RFC 3986 §2.3).
  static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Appends the escape of a byte, with capital digits.
  static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "%"))
    for digit in [byte >> 4, byte & 0xF] {
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
    }
  }

  /// Brings escapes into their one form (RFC 3986 §6.2.2): those of unreserved characters are undone, the digits of others are
  /// capitals.
  ///
  /// - Parameters:
  ///   - bytes: A part of a URL.
  ///   - mustEscape: Whether a byte that is not escaped is to be.
  /// - Returns: The part in that form.
  static func normalized(_ bytes: [UInt8], escaping mustEscape: (UInt8) -> Bool = { _ in false }) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = value(in: rest) {
        rest = rest.dropFirst(2)
        if isUnreserved(value) { result.append(value) } else { append(value, to: &result) }
      } else if mustEscape(byte) {
        append(byte, to: &result)
      } else {
        result.append(byte)
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
