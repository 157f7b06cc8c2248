// Timers of one loop: a 4-ary heap of 16-byte entries, and a table of slots that says where in the heap
// each timer is, so that a cancelled timer is removed at once.
//
// Ownership: touched on the loop's thread only. A timer's payload word owns what it points to; whoever
// takes the word out (`popDue`, `remove`) owns it from then on.
//
// Order: by deadline, then by the order of insertion, so that timers of one instant fire FIFO: with virtual
// time that is the common case. The serial number that decides is 32 bits wide and compared modulo 2³²,
// which is right as long as two timers of one instant are less than two thousand million insertions apart.
//
// Stale identifiers: a slot's generation is the serial number of the timer in it. An identifier of a timer
// that has fired names a generation that its slot no longer has, and is ignored.

/// Identifies a timer in its heap, also after it has fired: then it names nothing.
struct TimerID: BitwiseCopyable, Sendable {
  fileprivate let slot: UInt32
  fileprivate let generation: UInt32
}

/// A priority queue of deadlines with removal from the middle.
///
/// - Complexity: `insert`, `popDue` and `remove` are O(log n) and allocate nothing but for growth;
///   inserting deadlines in ascending order and removing the latest are O(1).
@safe struct TimerHeap: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var deadline: Int64
    var serial: UInt32
    var slot: UInt32

    @inline(__always)
    static func < (left: Entry, right: Entry) -> Bool {
      left.deadline != right.deadline
        ? left.deadline < right.deadline
        : Int32(bitPattern: left.serial &- right.serial) < 0
    }
  }

  private struct Slot: BitwiseCopyable {
    var payload: UInt
    var generation: UInt32
    /// The entry's place in the heap; for a free slot, the next free one.
    var position: UInt32
  }

  private static let none = UInt32.max
  private static let minimumCapacity = 64

  private var entries: UnsafeMutablePointer<Entry>
  private var slots: UnsafeMutablePointer<Slot>
  private(set) var capacity: Int
  private var slotsInUse: UInt32 = 0
  private var freeSlot = TimerHeap.none
  private var serial: UInt32 = 0
  /// How many timers are set.
  private(set) var count = 0

  init() {
    capacity = Self.minimumCapacity
    unsafe entries = .allocate(capacity: capacity)
    unsafe slots = .allocate(capacity: capacity)
  }

  deinit {
    unsafe entries.deallocate()
    unsafe slots.deallocate()
  }

  /// The earliest deadline, in nanoseconds of the loop's clock.
  var earliest: Int64? {
    count > 0 ? unsafe entries[0].deadline : nil
  }

  /// Sets a timer for `deadline` that carries `payload`.
  mutating func insert(deadline: Int64, payload: UInt) -> TimerID {
    if count == capacity { resize(to: capacity * 2) }
    let slot = takeSlot()
    serial &+= 1
    unsafe slots[Int(slot)] = Slot(payload: payload, generation: serial, position: UInt32(count))
    let entry = Entry(deadline: deadline, serial: serial, slot: slot)
    count += 1
    siftUp(entry, from: count - 1)
    return TimerID(slot: slot, generation: serial)
  }

  /// Takes the payload of the earliest timer, if its deadline is not after `now`.
  mutating func popDue(at now: Int64) -> UInt? {
    guard count > 0, unsafe entries[0].deadline <= now else { return nil }
    return removeEntry(at: 0)
  }

  /// Takes the payload of the timer `id`, or nil if it has fired or was removed.
  mutating func remove(_ id: TimerID) -> UInt? {
    guard id.slot < slotsInUse else { return nil }
    let slot = unsafe slots[Int(id.slot)]
    guard slot.generation == id.generation, slot.position < count,
      unsafe entries[Int(slot.position)].slot == id.slot,
      unsafe entries[Int(slot.position)].serial == id.generation
    else { return nil }
    return removeEntry(at: Int(slot.position))
  }

  /// Takes any payload, for a loop that shuts down.
  mutating func popAny() -> UInt? {
    count > 0 ? removeEntry(at: count - 1) : nil
  }

  // MARK: The heap

  private mutating func removeEntry(at position: Int) -> UInt {
    let slot = unsafe entries[position].slot
    let payload = unsafe slots[Int(slot)].payload
    releaseSlot(slot)
    count -= 1
    if position < count {
      let moved = unsafe entries[count]
      if position > 0, unsafe moved < entries[(position - 1) / 4] {
        siftUp(moved, from: position)
      } else {
        siftDown(moved, from: position)
      }
    }
    if count == 0 {
      reset()
    }
    return payload
  }

  private mutating func siftUp(_ entry: Entry, from start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 4
      guard unsafe entry < entries[parent] else { break }
      place(unsafe entries[parent], at: position)
      position = parent
    }
    place(entry, at: position)
  }

  private mutating func siftDown(_ entry: Entry, from start: Int) {
    var position = start
    while true {
      let first = position * 4 + 1
      guard first < count else { break }
      var smallest = first
      for child in (first + 1)..<max(first + 1, min(first + 4, count))
      where unsafe entries[child] < entries[smallest] {
        smallest = child
      }
      guard unsafe entries[smallest] < entry else { break }
      place(unsafe entries[smallest], at: position)
      position = smallest
    }
    place(entry, at: position)
  }

  @inline(__always)
  private mutating func place(_ entry: Entry, at position: Int) {
    unsafe entries[position] = entry
    unsafe slots[Int(entry.slot)].position = UInt32(truncatingIfNeeded: position)
  }

  // MARK: The slots

  private mutating func takeSlot() -> UInt32 {
    if freeSlot != Self.none {
      let slot = freeSlot
      freeSlot = unsafe slots[Int(slot)].position
      return slot
    }
    slotsInUse += 1
    return slotsInUse - 1
  }

  private mutating func releaseSlot(_ slot: UInt32) {
    unsafe slots[Int(slot)].position = freeSlot
    freeSlot = slot
  }

  // MARK: Memory

  /// Gives memory back once no timer is left; identifiers of before are stale by their generations.
  private mutating func reset() {
    slotsInUse = 0
    freeSlot = Self.none
    if capacity > Self.minimumCapacity * 64 { resize(to: Self.minimumCapacity) }
  }

  private mutating func resize(to newCapacity: Int) {
    precondition(newCapacity >= count && newCapacity < Int(Self.none))
    let newEntries = UnsafeMutablePointer<Entry>.allocate(capacity: newCapacity)
    let newSlots = UnsafeMutablePointer<Slot>.allocate(capacity: newCapacity)
    // Each heap has at least as many slots as entries in use, and both arrays have the same capacity.
    unsafe newEntries.update(from: entries, count: count)
    unsafe newSlots.update(from: slots, count: Int(slotsInUse))
    unsafe entries.deallocate()
    unsafe slots.deallocate()
    unsafe entries = newEntries
    unsafe slots = newSlots
    capacity = newCapacity
  }
}
