// The items of a queue: a ring for those that are taken from its ends, a heap for those with priorities.
//
// Ownership: the structure owns the items in the ring's places `head ..< head + count`, and those in the heap. It is
// kept in the queue's mutex, so one thread at a time touches it.

/// What is in a queue, in its order.
///
/// - Complexity: O(1) amortised for FIFO and LIFO, O(log n) for priorities.
@usableFromInline
@safe struct QueueItems<Element: Sendable>: ~Copyable {
  @usableFromInline
  enum Kind: Sendable {
    case fifo
    case lifo
    case priority(@Sendable (Element, Element) -> Bool)
  }

  @usableFromInline let kind: Kind
  @usableFromInline var heap: QueueHeap<Element>
  @usableFromInline var storage: UnsafeMutablePointer<Element>
  /// The number of places less one; a power of two less one.
  @usableFromInline var mask: Int
  @usableFromInline var head = 0
  /// How many items there are.
  @usableFromInline var count = 0

  @inlinable
  init(_ kind: Kind) {
    self.kind = kind
    heap = QueueHeap()
    mask = 15
    unsafe storage = .allocate(capacity: 16)
  }

  @inlinable
  deinit {
    var inRing = count
    if case .priority = kind { inRing = 0 }
    for offset in 0..<inRing { unsafe (storage + ((head &+ offset) & mask)).deinitialize(count: 1) }
    unsafe storage.deallocate()
  }

  /// Adds an item.
  @inlinable
  mutating func append(_ item: Element) {
    if case .priority(let isBefore) = kind { heap.insert(item, isBefore) } else { appendToRing(item) }
    count &+= 1
  }

  @inlinable
  mutating func appendToRing(_ item: Element) {
    if count > mask { resize() }
    // A place beyond the last item: nothing is there.
    unsafe (storage + ((head &+ count) & mask)).initialize(to: item)
  }

  /// Takes the item whose turn it is; there must be one.
  @inlinable
  mutating func takeNext() -> Element {
    switch kind {
    case .fifo: return takeOldest()
    case .lifo:
      precondition(count > 0)
      count &-= 1
      return unsafe (storage + ((head &+ count) & mask)).move()
    case .priority(let isBefore):
      count &-= 1
      return heap.takeFirst(isBefore)
    }
  }

  /// Takes the item that came first; there must be one, and the order must not be by priority.
  @inlinable
  mutating func takeOldest() -> Element {
    precondition(count > 0)
    let item = unsafe (storage + head).move()
    head = (head &+ 1) & mask
    count &-= 1
    return item
  }

  /// Takes all items.
  @inlinable
  mutating func takeAll() -> [Element] {
    var taken: [Element] = []
    taken.reserveCapacity(count)
    while count > 0 { taken.append(takeNext()) }
    return taken
  }

  @usableFromInline
  mutating func resize() {
    let resized = UnsafeMutablePointer<Element>.allocate(capacity: (mask + 1) * 2)
    // All items move, in their order, to the beginning of the new storage.
    for offset in 0..<count {
      unsafe (resized + offset).initialize(to: (storage + ((head &+ offset) & mask)).move())
    }
    unsafe storage.deallocate()
    unsafe storage = resized
    mask = (mask + 1) * 2 - 1
    head = 0
  }
}

/// A binary heap whose equals come out in the order in which they went in.
@usableFromInline
struct QueueHeap<Element: Sendable> {
  private struct Entry {
    let item: Element
    let serial: UInt64
  }

  private var entries: [Entry] = []
  private var serial: UInt64 = 0

  @usableFromInline
  init() {}

  @usableFromInline
  mutating func insert(_ item: Element, _ isBefore: (Element, Element) -> Bool) {
    serial += 1
    entries.append(Entry(item: item, serial: serial))
    var place = entries.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard comesBefore(place, parent, isBefore) else { break }
      entries.swapAt(place, parent)
      place = parent
    }
  }

  /// Takes the item that comes before all others; there must be one.
  @usableFromInline
  mutating func takeFirst(_ isBefore: (Element, Element) -> Bool) -> Element {
    entries.swapAt(0, entries.count - 1)
    let item = entries.removeLast().item
    var place = 0
    while true {
      var first = place
      for child in [place * 2 + 1, place * 2 + 2] where child < entries.count {
        if comesBefore(child, first, isBefore) { first = child }
      }
      guard first != place else { return item }
      entries.swapAt(place, first)
      place = first
    }
  }

  private func comesBefore(_ one: Int, _ other: Int, _ isBefore: (Element, Element) -> Bool) -> Bool {
    let (one, other) = (entries[one], entries[other])
    if isBefore(one.item, other.item) { return true }
    return !isBefore(other.item, one.item) && one.serial < other.serial
  }
}
