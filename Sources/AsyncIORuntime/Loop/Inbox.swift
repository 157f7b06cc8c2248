// What other threads hand to a loop.
//
// A foreign thread appends under a lock, raises `hasItems`, and wakes the loop only if it sleeps: one write to
// the poller per sleep, not per item.
//
// Why no item is left lying while the loop sleeps: the sender stores `hasItems` and then reads `sleeping`; the
// loop stores `sleeping` and then reads `hasItems`. All four are sequentially consistent, so at least one of
// the two sees the other's store: either the loop does not go to sleep, or the sender wakes it. The sender that
// swaps `sleeping` from true to false is the one that wakes.

import Synchronization

/// A queue into one loop from any thread.
struct Inbox: ~Copyable {
  private let items = Mutex<[ReadyItem]>([])
  private let hasItemsFlag = Atomic<Bool>(false)
  private let sleeping = Atomic<Bool>(false)

  /// Appends `item`; true if the caller must now wake the loop.
  func append(_ item: ReadyItem) -> Bool {
    items.withLock { $0.append(item) }
    return announce()
  }

  /// Whether there may be something to take.
  @inline(__always)
  var hasItems: Bool { hasItemsFlag.load(ordering: .relaxed) }

  /// Moves everything into `queue`, in the order of arrival.
  func drain(into queue: inout ReadyQueue) {
    // Lowered before the list is taken: an item that is appended in between raises it again.
    hasItemsFlag.store(false, ordering: .sequentiallyConsistent)
    let taken = items.withLock { items in
      let taken = items
      items.removeAll(keepingCapacity: items.count <= 1024)
      return taken
    }
    for item in taken { queue.push(item) }
  }

  /// Says that the loop is about to sleep; false if it must not, as there is something to take.
  func prepareToSleep() -> Bool {
    sleeping.store(true, ordering: .sequentiallyConsistent)
    if hasItemsFlag.load(ordering: .sequentiallyConsistent) {
      sleeping.store(false, ordering: .sequentiallyConsistent)
      return false
    }
    return true
  }

  /// Says that the loop is awake, so that senders need not wake it.
  func endSleep() {
    sleeping.store(false, ordering: .sequentiallyConsistent)
  }

  /// Makes the loop look up even if nothing was appended; true if the caller must now wake it.
  func announce() -> Bool {
    hasItemsFlag.store(true, ordering: .sequentiallyConsistent)
    return sleeping.exchange(false, ordering: .sequentiallyConsistent)
  }
}
