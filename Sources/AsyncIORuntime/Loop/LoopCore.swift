// The hot state of one loop, in memory of its own.
//
// Ownership: `EventLoop` allocates the core, and only the thread that drives the loop touches it. The
// thread-local word of the C shim points to the core of the loop that runs on this thread; it is set while
// the loop is being driven and null otherwise. So a core reached through `LoopCore.current` is always this
// thread's own, and its state needs neither lock nor atomic.
//
// It is a structure behind an unsafe pointer rather than a class, because the properties of a class are
// guarded by dynamic exclusivity checks, which were a fifth of the cost of a message between two tasks. What
// the checks would find cannot happen: no access to a field spans a call that can reach the same field (jobs
// and callbacks are run between accesses, never inside one).

internal import CAsyncIO
import Synchronization

/// The state that a loop's own thread works on.
@safe struct LoopCore: ~Copyable {
  var ready = ReadyQueue()
  var timers = TimerHeap()
  /// A task that gave way (`checkpoint`), to be resumed when its job has returned; 0 for none.
  var yielded: UInt = 0
  /// Whether the running item's task prefers no executor, and may park; see Parking.swift.
  var mayPark: Bool {
    get { mayRunningPark }
    set { mayRunningPark = newValue && allowsParking }
  }
  private var mayRunningPark = false
  private let allowsParking = Self.allowsParking
  /// Where the job of the task goes that is about to suspend; see Parking.swift.
  var parking: UInt = 0
  /// How many items may still run before the loop looks at timers and descriptors.
  var itemsLeft = 0
  /// The address of the job that the loop runs, which may be a task.
  var runningTask: UInt = 0
  /// Whether a task helps, or has suspended until the loop comes to its ticket; see Helping.swift.
  var isTicketOut = false
  /// The job of the task that has suspended so; 0 for none.
  var leader: UInt = 0
  /// How many operations the running job may still complete without suspending before it must give way.
  var budget = LoopCore.fullBudget
  /// How many jobs run inside of the loop's own at this moment; see HandOver.swift.
  var depth = 0
  /// Who waits for what; kept where time is virtual.
  var waiting: WaitingList?
  /// Decides which ready item runs next, where the schedule is seeded.
  private var schedule: SeededNumbers?
  /// What `LoopRandomness` draws from, where time is virtual.
  var numbers: SeededNumbers?
  /// Whether the next item must be taken by `takePrepared`.
  private(set) var preparesItems: Bool
  private let isVirtual: Bool
  /// When the running item was begun, in real nanoseconds; kept where time is virtual.
  private(set) var itemStart: Int64 = 0
  /// Whether the loop is one of several, which may be given its work (StuckQueue.swift).
  var isShared = false { didSet { preparesItems = preparesItems || isShared } }
  /// Whether an item runs and the queue is not being changed; kept where `isShared`.
  let isQueueWhole = Atomic<Bool>(false)
  /// Waiters to be used again; see QueuedWaiter.swift.
  var spareWaiters = SpareWaiters()
  /// The place that was used last on this thread, and the number of its task; see WaitingPlace.swift.
  var placed = PlacedTask.none
  /// A scope to be used again; see ScopeContext.swift.
  var spareScope: ScopeContext?
  /// The loop that owns this core.
  let loop: Unmanaged<EventLoop>

  static let fullBudget = 128

  init(loop: Unmanaged<EventLoop>, seed: UInt64?, isVirtual: Bool) {
    unsafe self.loop = unsafe loop
    schedule = seed.map { SeededNumbers(seed: $0) }
    // Far from the stream of the schedule.
    numbers = isVirtual ? SeededNumbers(seed: ~(seed ?? 0)) : nil
    self.isVirtual = isVirtual
    preparesItems = isVirtual || seed != nil
  }

  /// Whether a seed chooses what runs next.
  var isSeeded: Bool { schedule != nil }

  /// The core of the loop that runs on this thread.
  @inline(__always)
  static var current: UnsafeMutablePointer<LoopCore>? {
    // Only `EventLoop.drive` sets the word, to a core that outlives the drive.
    unsafe casyncio_get_current()?.assumingMemoryBound(to: LoopCore.self)
  }

  /// Has `continuation` resumed when the job that runs on this thread has returned.
  static func yield(_ continuation: UnsafeContinuation<Void, Never>) {
    guard let core = unsafe current else { return unsafe continuation.resume() }
    let former = unsafe core.pointee.yielded
    unsafe core.pointee.yielded = ReadinessWord.waiting(continuation)
    // Two tasks gave way within one job, as when an actor runs several: the first has suspended by now.
    if former != 0 { ReadinessWord.resume(former) }
  }

  /// Makes the task ready that has given way, if one has.
  @inline(__always)
  static func resumeYielded(_ core: UnsafeMutablePointer<LoopCore>) {
    let yielded = unsafe core.pointee.yielded
    guard yielded != 0 else { return }
    unsafe core.pointee.yielded = 0
    ReadinessWord.resume(yielded)
  }

  /// Takes the item that runs next, where that needs more than to take the oldest: chosen by the seed, with a note of when it
  /// begins, or to be run while others may take the queue; nil if they have just taken it.
  mutating func takePrepared() -> ReadyItem? {
    endItems()
    guard ready.count > 0 else { return nil }
    if isVirtual { itemStart = casyncio_now() }
    if ready.count > 1, let offset = schedule?.next(below: ready.count) { ready.bringToFront(offset) }
    let item = ready.pop()
    if isShared { beginItem() }
    return item
  }
}
