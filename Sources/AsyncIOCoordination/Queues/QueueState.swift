// What a queue decides under its lock, and leaves to its caller to do afterwards: wake tasks, and let go of items
// that were dropped (their deinitialisers are the user's).
//
// Getters wait only while there is no item, and putters only while there is no room: each change hands over at once.
// An item that comes goes to the first getter; room that comes goes to the first putter, whose item is put in on its
// behalf. So nobody can take what was meant for somebody who has been woken.
//
// `unfinished` counts the items that were taken in and not yet said to be done, those in getters' hands included.

public import AsyncIORuntime

/// The state of a queue, guarded by its mutex.
@usableFromInline
struct QueueState<Element: Sendable>: ~Copyable {
  @usableFromInline typealias Overflow = AsyncQueue<Element>.Overflow

  @usableFromInline var items: QueueItems<Element>
  @usableFromInline let capacity: Int
  @usableFromInline let overflow: Overflow
  /// Who waits for an item; with the item, once it is there.
  @usableFromInline var getters = WaitQueue<Element?>()
  /// Who waits for room, with the item to put in.
  @usableFromInline var putters = WaitQueue<Element?>()
  @usableFromInline var joiners = WaitQueue<Void>()
  @usableFromInline var unfinished = 0
  @usableFromInline var dropped = 0
  @usableFromInline var isShutDown = false

  @inlinable
  init(_ kind: QueueItems<Element>.Kind, capacity: Int, overflow: Overflow) {
    items = QueueItems(kind)
    self.capacity = capacity
    self.overflow = overflow
  }

  /// What became of an item that was put in, and what is to be done now.
  @usableFromInline
  enum Insertion: Sendable {
    case inserted(WakeUps)
    /// It is to be tried again by waiting, if the queue waits.
    case full
    /// This item was dropped, be it the one that was put in or an older one.
    case dropped(Element, isNewest: Bool)
    case shutDown
  }

  /// Puts an item in, or says why not.
  @inlinable
  mutating func insert(_ item: Element) -> Insertion {
    if isShutDown { return .shutDown }
    var wakeUps = WakeUps()
    if getters.count > 0, give(item, &wakeUps) { return .inserted(wakeUps) }
    guard items.count < capacity else { return overflow(with: item) }
    items.append(item)
    unfinished &+= 1
    return .inserted(wakeUps)
  }

  /// Gives an item to the first getter that still waits.
  @inlinable
  mutating func give(_ item: Element, _ wakeUps: inout WakeUps) -> Bool {
    while let getter = getters.first {
      getter.payload = item
      if getters.wake(getter, into: &wakeUps) {
        unfinished &+= 1
        return true
      }
    }
    return false
  }

  @usableFromInline
  mutating func overflow(with item: Element) -> Insertion {
    switch overflow {
    case .wait, .refuse: return .full
    case .dropNewest:
      dropped += 1
      return .dropped(item, isNewest: true)
    case .dropOldest:
      // One goes and one comes: as many are unfinished as before.
      dropped += 1
      let oldest = items.takeOldest()
      items.append(item)
      return .dropped(oldest, isNewest: false)
    }
  }

  /// What came of asking for an item.
  @usableFromInline
  enum Removal: Sendable {
    case item(Element, WakeUps)
    case empty
    case shutDown
  }

  /// Takes the next item, and lets the first putter put its own in.
  @inlinable
  mutating func remove() -> Removal {
    guard items.count > 0 else { return isShutDown ? .shutDown : .empty }
    let item = items.takeNext()
    var wakeUps = WakeUps()
    if putters.count > 0 { admit(&wakeUps) }
    return .item(item, wakeUps)
  }

  /// What came of asking for an item that one can wait for.
  @usableFromInline
  enum Claim {
    case item(Element, WakeUps)
    case waiting(QueuedWaiter<Element?>)
    case shutDown
  }

  /// Takes the next item as `remove` does, or has a waiter stand in line for it.
  @inlinable
  mutating func removeOrStandInLine() -> Claim {
    switch remove() {
    case .item(let item, let wakeUps): return .item(item, wakeUps)
    case .shutDown: return .shutDown
    case .empty:
      let waiter = QueuedWaiter<Element?>.take(nil)
      getters.append(waiter)
      return .waiting(waiter)
    }
  }

  /// Puts in the items of putters that still wait, while there is room.
  @inlinable
  mutating func admit(_ wakeUps: inout WakeUps) {
    while items.count < capacity, let putter = putters.first {
      let item = putter.payload
      guard putters.wake(putter, into: &wakeUps), let item else { continue }
      items.append(item)
      unfinished &+= 1
    }
  }

  /// Counts `count` items as done; nil if there are not so many.
  @usableFromInline
  mutating func finish(_ count: Int) -> WakeUps? {
    guard unfinished >= count else { return nil }
    unfinished -= count
    var wakeUps = WakeUps()
    if unfinished == 0 { joiners.wakeAll(into: &wakeUps) }
    return wakeUps
  }

  /// Closes the queue, and empties it if `immediate`; returns the items that are dropped.
  @usableFromInline
  mutating func shutDown(immediate: Bool) -> ([Element], WakeUps) {
    isShutDown = true
    let taken = immediate ? items.takeAll() : []
    var wakeUps = finish(taken.count) ?? WakeUps()
    putters.wakeAll(.closed, into: &wakeUps)
    getters.wakeAll(.closed, into: &wakeUps)
    return (taken, wakeUps)
  }
}
