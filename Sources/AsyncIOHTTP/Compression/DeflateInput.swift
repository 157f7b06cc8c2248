/// Bits from bytes, the lowest first.
struct DeflateInput: Sendable {
  /// Where reading goes on.
  struct Mark: Sendable {
    var position = 0
    var buffer: UInt64 = 0
    var bitCount = 0
  }

  private var bytes: [UInt8] = []
  var mark = Mark()

  /// Adds bytes, and drops those that were read.
  mutating func append(_ more: [UInt8]) {
    // What is in the buffer of bits may still be asked for as bytes.
    let used = mark.position - (mark.bitCount + 7) / 8
    if used > 0 {
      bytes.removeSubrange(..<used)
      mark.position -= used
    }
    bytes += more
  }

  mutating func clear() {
    bytes = []
    mark = Mark()
  }

  /// The bytes that were not read; only at the beginning of a byte.
  var unread: ArraySlice<UInt8> { bytes[(mark.position - mark.bitCount / 8)...] }

  /// Skips bytes; only at the beginning of a byte.
  mutating func skip(_ count: Int) {
    mark = Mark(position: mark.position - mark.bitCount / 8 + count)
  }

  /// Skips the rest of a byte.
  mutating func align() {
    let partial = mark.bitCount % 8
    mark.buffer >>= UInt64(partial)
    mark.bitCount -= partial
  }

  /// Takes whole bytes; only at the beginning of one.
  mutating func take(atMost limit: Int) -> ArraySlice<UInt8> {
    let part = unread.prefix(limit)
    skip(part.count)
    return part
  }

  @inline(__always)
  private mutating func fill() {
    while mark.bitCount <= 56, mark.position < bytes.count {
      mark.buffer |= UInt64(bytes[mark.position]) << UInt64(mark.bitCount)
      mark.position += 1
      mark.bitCount += 8
    }
  }

  /// Takes up to 16 bits; nil, and nothing taken, if they are not there.
  @inline(__always)
  mutating func bits(_ count: Int) -> Int? {
    if mark.bitCount < count { fill() }
    guard mark.bitCount >= count else { return nil }
    let value = mark.buffer & (1 << UInt64(count) &- 1)
    mark.buffer >>= UInt64(count)
    mark.bitCount -= count
    return Int(value)
  }

  /// Takes a symbol; nil, and nothing taken, if it is not there as a whole.
  @inline(__always)
  mutating func symbol(of table: HuffmanTable) throws(HTTPInflationError) -> Int? {
    if mark.bitCount < HuffmanTable.longestCode { fill() }
    guard let (symbol, length) = table.lookUp(mark.buffer) else {
      // With all its bits there, it is a code that there is not.
      if mark.bitCount >= HuffmanTable.longestCode { throw HTTPInflationError("a code is none of its table") }
      return nil
    }
    guard length <= mark.bitCount else { return nil }
    mark.buffer >>= UInt64(length)
    mark.bitCount -= length
    return symbol
  }
}

/// A canonical code (RFC 1951 §3.2.2).
///
/// Codes up to nine bits are found in one table; longer ones, which are rare, length by length.
struct HuffmanTable: Sendable {
  static let longestCode = 15
  private static let fastBits = 9

  /// For each nine bits that come next: the symbol times 16, plus the length of its code; 0 for a longer one, or none.
  private var fast: [UInt16]
  /// How many codes there are of each length, and all symbols in the order of their codes.
  private var counts: [Int]
  private var symbols: [UInt16]

  static let fixedLiterals = HuffmanTable(
    counting: [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8))
  static let fixedDistances = HuffmanTable(counting: [UInt8](repeating: 5, count: 30))

  init(_ lengths: [UInt8], mayBeIncomplete: Bool) throws(HTTPInflationError) {
    self.init(counting: lengths)
    var left = 1
    for length in 1...Self.longestCode {
      left = left << 1 - counts[length]
      guard left >= 0 else { throw HTTPInflationError("there are more codes than their lengths allow") }
    }
    // One code alone may stand for distances that are all equal, or for none.
    let isSingle = counts[1...].reduce(0, +) <= 1
    guard left == 0 || (mayBeIncomplete && isSingle) else {
      throw HTTPInflationError("there are fewer codes than their lengths demand")
    }
  }

  private init(counting lengths: [UInt8]) {
    counts = [Int](repeating: 0, count: Self.longestCode + 1)
    for length in lengths { counts[Int(length)] += 1 }
    counts[0] = 0
    var offsets = [Int](repeating: 0, count: Self.longestCode + 2)
    for length in 1...Self.longestCode { offsets[length + 1] = offsets[length] + counts[length] }
    symbols = [UInt16](repeating: 0, count: offsets[Self.longestCode + 1])
    for (symbol, length) in lengths.enumerated() where length > 0 {
      symbols[offsets[Int(length)]] = UInt16(symbol)
      offsets[Int(length)] += 1
    }
    fast = [UInt16](repeating: 0, count: 1 << Self.fastBits)
    fillFast()
  }

  private mutating func fillFast() {
    var code = 0
    var index = 0
    for length in 1...Self.fastBits {
      for _ in 0..<counts[length] {
        guard code < 1 << length else { return }
        var reversed = 0
        for bit in 0..<length where code & 1 << bit != 0 { reversed |= 1 << (length - 1 - bit) }
        for entry in stride(from: reversed, to: 1 << Self.fastBits, by: 1 << length) {
          fast[entry] = symbols[index] << 4 | UInt16(length)
        }
        code += 1
        index += 1
      }
      code <<= 1
    }
  }

  /// The symbol that the lowest bits are the code of, and its length.
  @inline(__always)
  func lookUp(_ bits: UInt64) -> (symbol: Int, length: Int)? {
    let entry = fast[Int(truncatingIfNeeded: bits & (1 << UInt64(Self.fastBits) &- 1))]
    if entry != 0 { return (Int(entry >> 4), Int(entry & 15)) }
    return lookUpSlowly(bits)
  }

  private func lookUpSlowly(_ bits: UInt64) -> (symbol: Int, length: Int)? {
    var code = 0
    var first = 0
    var index = 0
    for length in 1...Self.longestCode {
      code |= Int(truncatingIfNeeded: bits >> UInt64(length - 1) & 1)
      let count = counts[length]
      if code - first < count { return (Int(symbols[index + code - first]), length) }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    return nil
  }
}
