/// Numbers by the bytes of a segment: a hash table that is filled once, and that is asked with bytes where they are.
struct HTTPSegmentTable: Sendable {
  private var entries: [(bytes: [UInt8], value: Int)] = []
  /// Places in `entries`, -1 where there is none; the count is a power of two, and at most half of them are taken.
  private var slots: [Int] = []

  var isEmpty: Bool { entries.isEmpty }

  mutating func insert(_ bytes: [UInt8], _ value: Int) {
    entries.append((bytes, value))
    if entries.count * 2 > slots.count {
      slots = [Int](repeating: -1, count: max(4, slots.count * 2))
      for place in entries.indices { occupy(place) }
    } else {
      occupy(entries.count - 1)
    }
  }

  private mutating func occupy(_ place: Int) {
    let bytes = entries[place].bytes
    var slot = Self.hash(bytes.span, in: 0..<bytes.count) & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = place
  }

  /// The number of the segment that stands in `range`.
  func find(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int? {
    if slots.isEmpty { return nil }
    var slot = Self.hash(bytes, in: range) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[slots[slot]]
      if Self.isEqual(entry.bytes.span, bytes, range) { return entry.value }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  // FNV-1a. What is in the table comes from the program, so that nobody can choose it to collide.
  @inline(__always)
  private static func hash(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in range { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 32) & 0x7FFF_FFFF)
  }

  @inline(__always)
  private static func isEqual(_ known: Span<UInt8>, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard known.count == range.count else { return false }
    for index in 0..<known.count where known[index] != bytes[range.lowerBound + index] { return false }
    return true
  }
}
