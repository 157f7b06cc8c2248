// Eight bytes at a time within one word. In each test below, the lowest flagged byte is exact: a borrow can
// only flag bytes above a byte that is flagged already. So "the first byte that ..." is the number of
// trailing zero bits, divided by eight.

extension Span<UInt8> {
  /// The eight bytes from `offset` on, the first one lowest.
  @inline(__always)
  func word(at offset: Int) -> UInt64 {
    // Sound: every bit pattern is a UInt64, and the load checks that its eight bytes are inside the span.
    UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The place of the first `byte` in `range`, or `nil`.
  ///
  /// - Complexity: O(*n*) in the length of the range, a word at a time.
  @inline(__always)
  func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    let pattern = 0x0101_0101_0101_0101 &* UInt64(byte)
    var index = range.lowerBound
    while index &+ 8 <= range.upperBound {
      let difference = word(at: index) ^ pattern
      let flags = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      if flags != 0 { return index &+ flags.trailingZeroBitCount / 8 }
      index &+= 8
    }
    while index < range.upperBound {
      if self[index] == byte { return index }
      index &+= 1
    }
    return nil
  }

  /// The place of the first byte in `range` that is a control character or not ASCII, or the range's end.
  ///
  /// - Complexity: O(*n*) in the length of the range, a word at a time.
  @inline(__always)
  func endOfPlainText(in range: Range<Int>) -> Int {
    var index = range.lowerBound
    while index < range.upperBound, index &+ 8 <= count {
      let word = word(at: index)
      let belowSpace = word &- 0x2020_2020_2020_2020
      let delete = (word ^ 0x7F7F_7F7F_7F7F_7F7F) &- 0x0101_0101_0101_0101
      let flags = (belowSpace | delete | word) & 0x8080_8080_8080_8080
      if flags != 0 { return Swift.min(index &+ flags.trailingZeroBitCount / 8, range.upperBound) }
      index &+= 8
    }
    while index < range.upperBound, self[index] &- 0x20 < 0x5F { index &+= 1 }
    return Swift.min(index, range.upperBound)
  }

  /// The place of the first byte in `range` that is not in `set`, or the end of the range.
  @inline(__always)
  func end(of set: ASCIISet, in range: Range<Int>) -> Int {
    var index = range.lowerBound
    while index < range.upperBound, set.contains(self[index]) { index &+= 1 }
    return index
  }

  /// `range` without the spaces and tabs at its ends.
  @inline(__always)
  func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, self[start].isBlank { start &+= 1 }
    while end > start, self[end &- 1].isBlank { end &-= 1 }
    return start..<end
  }

  /// The bytes of `range` as text; what is not UTF-8 is replaced.
  @inline(__always)
  func text(_ range: Range<Int>) -> String {
    // Sound: the pointer is used only within the closure, and the range is checked when it is extracted.
    unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// Whether `range` holds the ASCII text `lowercase`, in whatever case.
  func matches(_ lowercase: StaticString, in range: Range<Int>) -> Bool {
    guard range.count == lowercase.utf8CodeUnitCount else { return false }
    for position in 0..<range.count {
      // Sound: a static string lives as long as the program, and the position is below its length.
      let expected = unsafe lowercase.utf8Start[position]
      if self[range.lowerBound &+ position].lowercased != expected { return false }
    }
    return true
  }
}
