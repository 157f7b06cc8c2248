// Where a task of ours says what it waits for, so that whoever cancels it can end the wait.
//
// The language would have a record added to the task at each wait and removed after it, with a lock: a quarter of what a wait
// costs. But a task that is made by our API is cancelled through its record, scope, pool, server or run and in no other way, as nobody
// else has got it. So it binds a place that they know, leaves there what it waits for, by one exchange, and takes it away by another.
//
// Why no cancellation is lost: whoever cancels sets the language's mark at the task first, and looks at the place then. Whoever
// waits writes the place first, and looks at the mark then. Both have a barrier in between, so that one sees the other.
// Both may: then the wait is ended twice, of which all targets know. A task that cancels itself, by the language, does not wait
// meanwhile, and finds the mark when it does.
//
// The direction of a descriptor is left at the place when the wait has ended, as a task that reads again waits for the same one: then
// there is nothing to exchange. Its memory is never given back (PollSlot.swift), so that it may be told at any time. Told too
// late, it wakes whoever waits for it then, who sees that nothing has come and waits again. Whoever cancels finds it at the place in
// any case; whether the task has parked by then, the direction's own word decides.
//
// Why nothing else is told that is gone: whoever tells replaces the target by a mark of its own while it does so, and the task goes on
// only when the place is empty again. It waits for that actively, as telling takes no longer than to make a job ready. But the
// teller may run the task itself, deeper in its own stack (a scope that is told runs the handlers of others): that one finds its
// own thread's mark, and goes on. Therefore the teller holds on to what it tells, and takes back no other mark than its own.
//
// How a task finds its place: the loop remembers the one that was used last on its thread, with the number of the task, which is
// never used again; so what it remembers is looked at only by the task itself, which has bound the place and not unbound it. A
// task that suspends by our means has its place remembered again when it goes on. Where another task has waited meanwhile, the
// innermost link of the chain is looked at, which is a place too; other tasks carry it along as a task-local value, and find that
// they have not bound it. Who finds no place has the language tell it.

internal import CAsyncIO
import Synchronization

/// What a task waits for: something that can be told of the task's cancellation.
struct WaitTarget {
  /// An address with its kind in the lowest bits, which are free.
  let word: UInt

  private static let kindBits: UInt = 3
  private static let reader: UInt = 1
  private static let writer: UInt = 2
  private static let scope: UInt = 3

  init(word: UInt) { self.word = word }

  @inline(__always)
  init(_ waiter: Waiter) { word = unsafe UInt(bitPattern: Unmanaged.passUnretained(waiter).toOpaque()) }

  @inline(__always)
  init(_ slot: UnsafeMutablePointer<PollSlot>, _ direction: PollDirection) {
    word = UInt(bitPattern: slot) | (direction == .write ? Self.writer : Self.reader)
  }

  @inline(__always)
  init(_ scope: ScopeContext) {
    word = unsafe UInt(bitPattern: Unmanaged.passUnretained(scope).toOpaque()) | Self.scope
  }

  /// Ends the wait, or passes the cancellation on; what the target stands for is there.
  func cancel() {
    guard let address = unsafe UnsafeMutableRawPointer(bitPattern: word & ~Self.kindBits) else { return }
    switch word & Self.kindBits {
    case Self.reader: unsafe address.assumingMemoryBound(to: PollSlot.self).pointee.reader.interrupt()
    case Self.writer: unsafe address.assumingMemoryBound(to: PollSlot.self).pointee.writer.interrupt()
    case Self.scope:
      unsafe Unmanaged<ScopeContext>.fromOpaque(address).takeUnretainedValue().forwardCancellation()
    default: unsafe Unmanaged<Waiter>.fromOpaque(address).takeUnretainedValue().finish(.cancelled)
    }
  }
}

/// What one task waits for.
@usableFromInline
package class WaitingPlace: @unchecked Sendable {
  // Sendable: atomics; subclasses say who may touch what they add.

  /// The number of the task that has bound the place; 0 if none has.
  private let task = Atomic<UInt64>(0)
  /// A target, the mark of a thread that tells it, or 0.
  private let word = Atomic<UInt>(0)

  /// In a thread's mark; the addresses of targets are multiples of 8, and their kinds at most 3.
  private static let tellingBit: UInt = 4

  /// Makes a place that no task has bound.
  package init() {}

  // MARK: The task

  /// The place that the current task, which is given, has bound, and which is there until it unbinds it.
  @inline(__always)
  static func of(_ current: UnsafeMutableRawPointer?) -> Unmanaged<WaitingPlace>? {
    let task = unsafe casyncio_task_number(current)
    if let core = unsafe LoopCore.current, unsafe core.pointee.placed.task == task,
      let place = unsafe core.pointee.placed.place
    {
      if unsafe place._withUnsafeGuaranteedRef({ $0.isBound(by: task) }) { return unsafe place }
      return unsafe .passUnretained(place._withUnsafeGuaranteedRef { $0.makeOwn() })
    }
    guard let link = unsafe TaskContext.innermost, task != 0,
      unsafe link._withUnsafeGuaranteedRef({ $0.isBound(by: task) })
    else { return nil }
    return unsafe .fromOpaque(link.toOpaque())
  }

  @inline(__always)
  private final func isBound(by task: UInt64) -> Bool { self.task.load(ordering: .relaxed) == task }

  /// Makes the place of a task that is remembered with the place of several (WorkerPlaces.swift).
  func makeOwn() -> WaitingPlace { self }

  /// Says that the current task is cancelled by whoever has this place, and in no other way, until `unbindPlace`.
  package final func bindPlace() {
    task.store(unsafe casyncio_task_number(casyncio_current_task()), ordering: .relaxed)
    remember()
  }

  /// Ends the last `bindPlace`.
  package final func unbindPlace() {
    task.store(0, ordering: .relaxed)
    // A place that is gone is not remembered for a task that could still look for it.
    unsafe LoopCore.current?.pointee.placed = .none
  }

  /// Has the loop of this thread remember the place of its current task.
  @inline(__always)
  private final func remember() {
    guard let core = unsafe LoopCore.current else { return }
    unsafe core.pointee.placed = PlacedTask(task: task.load(ordering: .relaxed), place: self)
  }

  /// Says that the current task, which is given, waits for `target`, which is told at once if the task is cancelled already.
  @inline(__always)
  final func beginWait(_ target: WaitTarget, _ task: UnsafeMutableRawPointer?) {
    // Where it is there already, it is of a descriptor.
    if word.load(ordering: .relaxed) != target.word {
      _ = word.exchange(target.word, ordering: .sequentiallyConsistent)
      #if !arch(x86_64)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
      #endif
    }
    if unsafe casyncio_task_is_cancelled(task) { target.cancel() }
  }

  /// Says that the current task waits no more for a descriptor.
  @inline(__always)
  final func endWaitForDescriptor() { remember() }

  /// Says that the current task waits no more; returns when nobody tells its target any more.
  @inline(__always)
  final func endWait() {
    remember()
    let seen = word.load(ordering: .relaxed)
    let isFree = seen & Self.tellingBit == 0
    if isFree, word.compareExchange(expected: seen, desired: 0, ordering: .acquiringAndReleasing).exchanged {
      return
    }
    waitForTeller()
  }

  @inline(never)
  private final func waitForTeller() {
    while true {
      let seen = word.load(ordering: .acquiring)
      if seen == 0 { return }
      guard seen & Self.tellingBit == 0 || seen == Self.markOfThread else {
        casyncio_give_way()
        continue
      }
      let taken = word.compareExchange(expected: seen, desired: 0, ordering: .acquiringAndReleasing)
      if taken.exchanged { return }
    }
  }

  // MARK: Whoever cancels it

  /// Ends the wait of the task that has bound the place, which has been cancelled just now.
  package final func tell() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let mark = Self.markOfThread
    var seen = word.load(ordering: .acquiring)
    // Where somebody else tells it, that is enough.
    while seen != 0, seen & Self.tellingBit == 0 {
      let (exchanged, original) = word.compareExchange(
        expected: seen, desired: mark, ordering: .acquiringAndReleasing)
      if exchanged {
        WaitTarget(word: seen).cancel()
        _ = word.compareExchange(expected: mark, desired: 0, ordering: .releasing)
        return
      }
      seen = original
    }
  }

  private static var markOfThread: UInt { casyncio_thread_mark() | tellingBit }
}

/// A task, by its number, and its place; to be looked at by the task itself.
@safe struct PlacedTask {
  let task: UInt64
  let place: Unmanaged<WaitingPlace>?

  static let none = unsafe PlacedTask(task: 0, place: nil)

  @inline(__always)
  init(task: UInt64, place: WaitingPlace) {
    unsafe self.init(task: task, place: .passUnretained(place))
  }

  private init(task: UInt64, place: Unmanaged<WaitingPlace>?) {
    self.task = task
    unsafe self.place = unsafe place
  }
}
