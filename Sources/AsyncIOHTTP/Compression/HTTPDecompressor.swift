/// A decompressor of the system's.
protocol HTTPDecompressor: AnyObject {
  /// Decompresses some of the input into the beginning of `buffer`.
  ///
  /// - Parameters:
  ///   - input: what is used of it is taken out.
  ///   - buffer: where to put it.
  ///   - limit: how many bytes may be put there, from 1 on.
  /// - Returns: how many bytes there are, and whether they are the last ones.
  /// - Throws: `HTTPInflationError` for what is damaged.
  func step(
    _ input: inout HTTPInflaterInput, into buffer: inout [UInt8], atMost limit: Int
  ) throws(HTTPInflationError) -> (count: Int, isEnd: Bool)

  /// Begins anew.
  func restart() throws(HTTPInflationError)
}

/// Bytes that wait to be decompressed.
struct HTTPInflaterInput {
  private(set) var bytes: [UInt8] = []
  private(set) var start = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { count == 0 }
  /// Whether nothing but zeros are there.
  var isZero: Bool { bytes[start...].allSatisfy { $0 == 0 } }

  /// Whether it begins with a header of zlib (RFC 1950 §2.2).
  var beginsWithZlibHeader: Bool {
    guard count >= 2 else { return false }
    let (first, second) = (Int(bytes[start]), Int(bytes[start + 1]))
    return first & 0xF == 8 && (first << 8 | second) % 31 == 0
  }

  mutating func append(_ more: [UInt8]) {
    if isEmpty {
      bytes = more
    } else {
      bytes.removeSubrange(..<start)
      bytes += more
    }
    start = 0
  }

  mutating func consume(_ count: Int) { start += count }

  mutating func clear() {
    bytes = []
    start = 0
  }
}
