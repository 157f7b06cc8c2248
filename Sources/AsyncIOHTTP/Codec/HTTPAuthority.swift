/// The grammar of `host [ ":" port ]`, which `Host` and request targets share (RFC 9110 §7.2).
///
/// User information is no part of it: in a request it is a way to disguise the host.
enum HTTPAuthority {
  enum Port { case optional, required }

  /// Whether `range` holds a host and perhaps a port.
  static func isValid(_ bytes: Span<UInt8>, in range: Range<Int>, port: Port) -> Bool {
    guard !range.isEmpty else { return false }
    let hostEnd: Int
    if bytes[range.lowerBound] == UInt8(ascii: "[") {
      guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]"), in: range),
        isAddress(bytes, in: range.lowerBound + 1..<bracket)
      else { return false }
      hostEnd = bracket + 1
    } else {
      hostEnd = bytes.end(of: .registeredName, in: range)
      guard hostEnd > range.lowerBound else { return false }
    }
    if hostEnd == range.upperBound { return port == .optional }
    guard bytes[hostEnd] == .colon else { return false }
    return isPort(bytes, in: hostEnd + 1..<range.upperBound, port)
  }

  /// Whether `range` looks like an IPv6 address: what it means is left to who connects to it.
  private static func isAddress(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
    guard range.count >= 2 else { return false }
    for index in range {
      let byte = bytes[index]
      let isFit = byte.hexadecimalValue != nil || byte == .colon || byte == UInt8(ascii: ".")
      guard isFit else { return false }
    }
    return true
  }

  private static func isPort(_ bytes: Span<UInt8>, in range: Range<Int>, _ port: Port) -> Bool {
    // The grammar allows a colon with nothing after it where the port is optional.
    guard !range.isEmpty else { return port == .optional }
    var number = 0
    for index in range {
      guard bytes[index].isDigit, number <= 65_535 else { return false }
      number = number * 10 + Int(bytes[index] &- 0x30)
    }
    return number <= 65_535
  }
}
