import Synchronization

/// Whether a loop runs an item, and which one, in one word for the watchdog.
///
/// Only the loop's own thread writes it, so that a load and a store do; other threads look at it whenever they like.
struct LoopProgress: ~Copyable {
  // Even while an item runs, and another number for each; odd when there is none.
  let word = Atomic<UInt>(1)

  @inline(__always)
  func beginItem() { word.store((word.load(ordering: .relaxed) | 1) &+ 1, ordering: .relaxed) }

  @inline(__always)
  func rest() { word.store(word.load(ordering: .relaxed) | 1, ordering: .relaxed) }

  /// The number of the item that runs; nil if there is none.
  var item: UInt? {
    let item = word.load(ordering: .relaxed)
    return item & 1 == 0 ? item : nil
  }
}
