// The queue of what may run now, in FIFO order: a ring of words.
//
// Ownership: a ready queue belongs to one loop and is touched on that loop's thread only, so it takes no
// lock and no atomic. A word is a pointer whose low bits say what it points to (`ReadyItem`); the queue
// never dereferences it. A word in the ring owns what it points to: pushing transfers ownership in, popping
// transfers it out, so nothing is retained or released here.

/// A FIFO ring of `ReadyItem`s that grows by doubling.
///
/// - Complexity: `push` and `pop` are O(1), amortised.
@safe struct ReadyQueue: ~Copyable {
  private var storage: UnsafeMutablePointer<UInt>
  private var mask: Int
  private var head = 0
  private(set) var count = 0

  private static let initialCapacity = 256
  /// What is kept when there is nothing to do.
  private static let usualCapacity = 8192

  var capacity: Int { mask + 1 }

  init() {
    unsafe storage = .allocate(capacity: Self.initialCapacity)
    mask = Self.initialCapacity - 1
  }

  deinit {
    unsafe storage.deallocate()
  }

  @inline(__always)
  mutating func push(_ item: ReadyItem) {
    if count > mask { grow() }
    // `mask` is a power of two less one and the storage has `mask + 1` words.
    unsafe storage[(head &+ count) & mask] = item.word
    count &+= 1
  }

  /// Takes the oldest item; the queue must not be empty.
  @inline(__always)
  mutating func pop() -> ReadyItem {
    precondition(count > 0)
    let word = unsafe storage[head]
    head = (head &+ 1) & mask
    count &-= 1
    return ReadyItem(word: word)
  }

  /// The oldest item, which stays.
  @inline(__always)
  var first: ReadyItem? { count > 0 ? unsafe ReadyItem(word: storage[head]) : nil }

  /// The youngest item, which stays.
  @inline(__always)
  var last: ReadyItem? {
    // As in `push`.
    count > 0 ? unsafe ReadyItem(word: storage[(head &+ count &- 1) & mask]) : nil
  }

  /// Takes the youngest item; the queue must not be empty.
  @inline(__always)
  mutating func popLast() -> ReadyItem {
    precondition(count > 0)
    count &-= 1
    return unsafe ReadyItem(word: storage[(head &+ count) & mask])
  }

  /// Brings the item `offset` places behind the oldest to the front.
  ///
  /// Seeded schedules use this to run a waiting item out of turn.
  mutating func bringToFront(_ offset: Int) {
    precondition(offset < count)
    let position = (head &+ offset) & mask
    let word = unsafe storage[head]
    unsafe storage[head] = storage[position]
    unsafe storage[position] = word
  }

  /// Gives back what an unusual number of items has taken; for a queue that is empty for a while.
  @inline(__always)
  mutating func giveMemoryBack() {
    if count == 0, mask >= Self.usualCapacity { resize(to: Self.initialCapacity) }
  }

  private mutating func grow() { resize(to: (mask + 1) * 2) }

  private mutating func resize(to capacity: Int) {
    let resized = UnsafeMutablePointer<UInt>.allocate(capacity: capacity)
    for offset in 0..<count {
      unsafe resized[offset] = storage[(head &+ offset) & mask]
    }
    unsafe storage.deallocate()
    unsafe storage = resized
    mask = capacity - 1
    head = 0
  }
}
