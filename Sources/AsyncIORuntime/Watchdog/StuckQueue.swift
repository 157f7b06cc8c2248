// The ready queue of a loop that is stuck, given to the loops that are not.
//
// A ready queue belongs to its loop's thread, which is stuck inside of an item and cannot give anything. The watchdog's signal
// handler runs on that very thread: whatever it sees is what the interrupted code has done so far, in the order of the program.
// So it may take the queue away, if only the interrupted code was not in the middle of changing it. That is what `isQueueWhole`
// says: it is raised while an item runs, and lowered around each change of the queue that the item causes. The compiler must not
// move the changes across those marks, for which there are fences; no other thread reads the mark.
//
// Taking is an exchange with an empty queue that the watchdog has made before, as a handler can allocate nothing. When the
// handler is done, the taken queue is the watchdog's.
//
// The mark stays up from one item to the next, as what the loop does in between (resuming a task that gave way) changes the
// queue in the same guarded way; taking the next item lowers it, and the end of the turn.
//
// What is given: jobs of the global executor. Callbacks, the main actor's jobs and those of tasks that prefer the loop go back to
// it through its inbox. They keep their order among each other, and come behind what the stuck code adds itself.
//
// A loop that is alone pays one test for each item that it adds.

internal import CAsyncIO
import Synchronization

/// What the watchdog and its signal handler hand to each other.
enum StuckQueue {
  // The watchdog's thread touches it while no sample is under way, and the handler while one is (CAsyncIOSample.c).
  nonisolated(unsafe) static let spare: UnsafeMutablePointer<ReadyQueue> = {
    let pointer = UnsafeMutablePointer<ReadyQueue>.allocate(capacity: 1)
    unsafe pointer.initialize(to: ReadyQueue())
    return unsafe pointer
  }()
}

/// Takes the ready queue of the loop that was interrupted, if it is whole; called in the signal handler.
@c(asyncio_sample_take_queue)
func takeQueueInSignalHandler(_ pointer: UnsafeMutableRawPointer?) -> Bool {
  guard let core = unsafe pointer?.assumingMemoryBound(to: LoopCore.self) else { return false }
  guard unsafe core.pointee.isQueueWhole.load(ordering: .relaxed) else { return false }
  unsafe swap(&core.pointee.ready, &StuckQueue.spare.pointee)
  return true
}

/// Takes the queue of a loop that nobody drives, so that what the handler needs has been bound and made before; false if that
/// cannot be done.
@c(asyncio_sample_rehearse)
func rehearseToTakeQueue() -> Bool {
  guard let loop = try? EventLoop() else { return false }
  unsafe loop.core.pointee.beginItem()
  defer { unsafe loop.core.pointee.endItems() }
  return unsafe takeQueueInSignalHandler(loop.core)
}

extension LoopCore {
  /// Says that an item begins to run, while which the queue may be taken.
  mutating func beginItem() {
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    isQueueWhole.store(true, ordering: .relaxed)
  }

  /// Says that no item runs.
  @inline(__always)
  mutating func endItems() {
    if isQueueWhole.load(ordering: .relaxed) { beginChange() }
  }

  /// Says that the queue is about to be changed.
  func beginChange() {
    isQueueWhole.store(false, ordering: .relaxed)
    atomicMemoryFence(ordering: .acquiringAndReleasing)
  }

  /// Says that the queue has been changed, and the item goes on.
  func endChange() {
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    isQueueWhole.store(true, ordering: .relaxed)
  }

  /// Adds what has become ready while an item runs, or between two items.
  @inline(__always)
  mutating func push(_ item: ReadyItem) {
    if isQueueWhole.load(ordering: .relaxed) { return pushGuarded(item) }
    ready.push(item)
  }

  @inline(never)
  private mutating func pushGuarded(_ item: ReadyItem) {
    beginChange()
    ready.push(item)
    endChange()
  }
}

extension LoopGroup {
  /// Gives what waits for a loop that is stuck to the others; on the watchdog's thread.
  ///
  /// `queue` says that its ready queue was taken.
  func rescue(_ stuck: EventLoop, queue isTaken: Bool) {
    var taken = ReadyQueue()
    if isTaken { unsafe swap(&taken, &StuckQueue.spare.pointee) }
    stuck.inbox.drain(into: &taken)
    let free = loops.filter { $0 !== stuck && $0.progress.item == nil }
    let others = free.isEmpty ? loops.filter { $0 !== stuck } : free
    for index in 0..<taken.count {
      let item = taken.pop()
      if item.kind == .global, !others.isEmpty {
        others[index % others.count].submit(item)
      } else {
        stuck.submit(item)
      }
    }
  }

  /// Gives what has become ready for a loop that is stuck to the others.
  func rescueInbox(of stuck: EventLoop) {
    if stuck.inbox.hasItems { rescue(stuck, queue: false) }
  }
}
