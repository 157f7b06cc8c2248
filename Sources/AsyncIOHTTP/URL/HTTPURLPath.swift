/// What is done to paths and queries: percent-encoding and dot segments.
enum HTTPURLPath {
  /// Percent-encodes every byte that may not stand as it is.
  ///
  /// Escapes that are there already stay as they are; a percent sign that begins none becomes `%25`.
  static func encoding(_ bytes: ArraySlice<UInt8>, allowing set: ASCIISet) -> [UInt8] {
    if bytes.allSatisfy({ set.contains($0) }) { return Array(bytes) }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 16)
    for index in bytes.indices {
      let byte = bytes[index]
      if set.contains(byte) || (byte == UInt8(ascii: "%") && isEscape(bytes[index...])) {
        result.append(byte)
      } else {
        appendEscape(of: byte, to: &result)
      }
    }
    return result
  }

  /// Percent-encodes every byte of a segment that may not stand as it is, percent signs and slashes too.
  static func escaping(_ segment: String) -> [UInt8] {
    var result: [UInt8] = []
    for byte in segment.utf8 {
      if ASCIISet.path.contains(byte), byte != UInt8(ascii: "/") {
        result.append(byte)
      } else {
        appendEscape(of: byte, to: &result)
      }
    }
    return result
  }

  static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "%"))
    bytes.append(hexadecimalDigit(byte >> 4))
    bytes.append(hexadecimalDigit(byte & 0xF))
  }

  /// Puts the bytes in the place of their escapes; a percent sign that begins none stays.
  static func decoding(_ bytes: Span<UInt8>, in range: Range<Int>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < range.upperBound,
        let high = bytes[index + 1].hexadecimalValue, let low = bytes[index + 2].hexadecimalValue
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }

  /// Text without its escapes; bytes that are not UTF-8 are replaced.
  static func decoding(_ text: String) -> String {
    String(decoding: decoding(text.utf8.span, in: 0..<text.utf8.count), as: UTF8.self)
  }

  private static func isEscape(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count >= 3 && bytes.dropFirst().prefix(2).allSatisfy { $0.hexadecimalValue != nil }
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
  }

  /// Resolves the segments `.` and `..` (RFC 3986 §5.2.4).
  ///
  /// - Complexity: O(*n*): each segment is written once and removed at most once.
  static func removingDotSegments(_ path: [UInt8]) -> [UInt8] {
    guard path.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else { return path }
    let isAbsolute = path.first == UInt8(ascii: "/")
    let segments = path.dropFirst(isAbsolute ? 1 : 0)
      .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    var kept: [ArraySlice<UInt8>] = []
    for (position, segment) in segments.enumerated() {
      let isLast = position == segments.count - 1
      if isDot(segment, 1) {
        if isLast { kept.append([]) }
      } else if isDot(segment, 2) {
        _ = kept.popLast()
        if isLast { kept.append([]) }
      } else {
        kept.append(segment)
      }
    }
    return (isAbsolute ? [UInt8(ascii: "/")] : []) + Array(kept.joined(separator: [UInt8(ascii: "/")]))
  }

  /// Whether a segment is so many dots, each as it is or as `%2e` (WHATWG URL §4.1).
  private static func isDot(_ segment: ArraySlice<UInt8>, _ count: Int) -> Bool {
    var rest = segment
    for _ in 0..<count {
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
      } else if rest.count >= 3, rest.prefix(3).map(\.lowercased).elementsEqual("%2e".utf8) {
        rest = rest.dropFirst(3)
      } else {
        return false
      }
    }
    return rest.isEmpty
  }

  /// Puts a relative path in the place of the last segment of `base` (RFC 3986 §5.2.3).
  static func merging(_ relative: [UInt8], into base: [UInt8]) -> [UInt8] {
    let end = base.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return base[..<end] + relative
  }
}
