// Bytes in a ring of fixed size, which is taken when the first byte comes.

/// A queue of bytes with a capacity.
struct MemoryRing: Sendable {
  private let capacity: Int
  private var storage: [UInt8] = []
  private var head = 0
  private var count = 0

  init(capacity: Int) { self.capacity = capacity }

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == capacity }

  mutating func removeAll() {
    storage = []
    head = 0
    count = 0
  }

  /// Adds as many of `bytes` as there is room for; returns how many.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    if storage.isEmpty { storage = [UInt8](repeating: 0, count: capacity) }
    let added = min(bytes.count, capacity - count)
    let tail = (head + count) % capacity
    let first = min(added, capacity - tail)
    unsafe storage.withUnsafeMutableBytes { storage in
      unsafe storage[tail..<tail + first].copyBytes(from: bytes[..<first])
      unsafe storage[..<(added - first)].copyBytes(from: bytes[first..<added])
    }
    count += added
    return added
  }

  /// Takes at most `limit` bytes from the front and passes them on in one or two pieces; returns how many.
  mutating func remove(atMost limit: Int, _ body: (UnsafeRawBufferPointer) -> Void) -> Int {
    let removed = min(limit, count)
    let first = min(removed, capacity - head)
    unsafe storage.withUnsafeBytes { storage in
      unsafe body(UnsafeRawBufferPointer(rebasing: storage[head..<head + first]))
      if removed > first { unsafe body(UnsafeRawBufferPointer(rebasing: storage[..<(removed - first)])) }
    }
    count -= removed
    head = count == 0 ? 0 : (head + removed) % capacity
    return removed
  }
}
