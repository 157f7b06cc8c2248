// The event loop: one thread that runs what is ready, fires timers, and polls descriptors.
//
// The data flows one way: job → ready queue → loop → poller → job.
//
// A turn of the loop
//   1. takes what other threads have put into the inbox;
//   2. runs up to 64 of the items that are ready, oldest first; what they enqueue goes behind all others;
//   3. if something is still ready, looks at timers and descriptors without waiting; if nothing was ready at all, sleeps
//      in the poller until the next timer, an event, or a wake-up from another thread.
//
// Who may touch what: `core` belongs to the thread that drives the loop (see LoopCore.swift). `inbox`, `poller`
// and the atomics are for every thread. A method that changes the core from an unknown thread goes through
// `onLoopThread`.

internal import CAsyncIO
import Synchronization

/// A loop that runs tasks and callbacks on one thread, between waits for time and for descriptors.
///
/// ```swift
/// @main struct Main {
///   static func main() throws {
///     try EventLoop.run { print("on the loop") }
///   }
/// }
/// ```
///
/// The loop is a `TaskExecutor`, so that single tasks may prefer it; a program that starts with `EventLoop.run`
/// needs no preference, as all its tasks are on the loop.
@safe public final class EventLoop: TaskExecutor, @unchecked Sendable {
  // Sendable: see "Who may touch what" above.
  let core: UnsafeMutablePointer<LoopCore>
  let inbox = Inbox()
  let poller: PlatformPoller
  let time: TimeSource
  /// The other loops of the same run, if it has several.
  var group: LoopGroup?
  /// Called on the loop's thread with the number of the first signal that the process received.
  var onSignal: ((CInt) -> Void)?
  /// Called on the loop's thread when nothing can run and no timer is set, where time is virtual.
  package var onDeadlock: (() -> Void)?
  /// Now, where time is virtual; written on the loop's thread.
  let virtualNow = Atomic<Int64>(0)
  /// Work on other threads that virtual time waits for.
  let outsideWork = Atomic<Int>(0)

  /// Threads that wait for a task of this loop.
  let visitors = Visitors()
  /// What the watchdog looks at.
  let progress = LoopProgress()
  /// The system's number of the thread that drives the loop, or drove it last.
  let thread = Atomic<CInt>(0)
  /// The address of the run's main task, once that runs.
  let mainTask = Atomic<UInt>(0)

  /// How many items run before timers and descriptors are looked at again.
  private static let itemsPerTurn = 64

  /// Makes a loop that nobody drives yet.
  ///
  /// - Parameters:
  ///   - time: Where the loop takes its time from.
  ///   - seed: Chooses the order in which ready items run; FIFO if nil.
  ///   - notesWaits: Whether `waits` can be asked.
  /// - Throws: `IOError` when the system has no descriptor left.
  package init(time: TimeSource = .system, seed: UInt64? = nil, notesWaits: Bool = false) throws(IOError) {
    poller = try PlatformPoller()
    self.time = time
    unsafe core = .allocate(capacity: 1)
    unsafe core.initialize(
      to: LoopCore(loop: Unmanaged.passUnretained(self), seed: seed, isVirtual: time == .virtual))
    if notesWaits { unsafe core.pointee.waiting = WaitingList() }
  }

  deinit {
    unsafe inbox.drain(into: &core.pointee.ready)
    while unsafe core.pointee.ready.count > 0 { unsafe core.pointee.ready.pop().drop() }
    while let payload = unsafe core.pointee.timers.popAny() { TimerPayload(word: payload).drop() }
    unsafe core.deinitialize(count: 1)
    unsafe core.deallocate()
  }

  /// The loop that runs on this thread, or nil.
  public static var current: EventLoop? {
    // A core in the thread-local word belongs to a loop that is being driven, hence alive.
    unsafe LoopCore.current?.pointee.loop.takeUnretainedValue()
  }

  /// Whether this thread is the one that drives this loop.
  @inline(__always)
  public var isCurrent: Bool { unsafe LoopCore.current == core }

  // MARK: Enqueuing

  /// Enqueues a job of a task that prefers this loop.
  public func enqueue(_ job: UnownedJob) {
    enqueue(ReadyItem(job, .preferred))
  }

  /// Enqueues a job of a task that prefers this loop.
  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(ReadyItem(UnownedJob(job), .preferred))
  }

  /// Enqueues from any thread.
  @inline(__always)
  func enqueue(_ item: ReadyItem) {
    if isCurrent {
      unsafe core.pointee.push(item)
    } else {
      submit(item)
    }
  }

  /// Enqueues from another thread.
  func submit(_ item: ReadyItem) {
    if inbox.append(item), ServingThread.current?.wakesLater(self) != true { poller.wake() }
  }

  /// Runs `body` on the loop's thread: at once if this is it, otherwise soon.
  func onLoopThread(_ body: @escaping @Sendable () -> Void) {
    if isCurrent {
      body()
    } else {
      submit(ReadyItem(LoopCallback(body)))
    }
  }

  /// Makes the loop look at its surroundings, from any thread.
  package func wake() {
    if inbox.announce() { poller.wake() }
  }

  // MARK: Driving

  /// Runs turns on this thread until `isDone`, which is asked before each.
  package func drive(until isDone: () -> Bool) {
    unsafe precondition(
      casyncio_get_current() == nil, "an event loop is already running on this thread")
    unsafe casyncio_set_current(core)
    thread.store(casyncio_prepare_for_samples(), ordering: .relaxed)
    defer {
      progress.rest()
      casyncio_set_current(nil)
    }
    while !isDone() { turn() }
  }

  /// One turn; see the head of this file.
  private func turn() {
    if inbox.hasItems { unsafe inbox.drain(into: &core.pointee.ready) }
    if let group { group.share(from: self) }
    unsafe core.pointee.itemsLeft = Self.itemsPerTurn
    while unsafe core.pointee.itemsLeft > 0 && core.pointee.ready.count > 0 {
      if unsafe core.pointee.preparesItems {
        guard let item = unsafe core.pointee.takePrepared() else { break }
        run(item)
      } else {
        run(unsafe core.pointee.ready.pop())
      }
      unsafe core.pointee.itemsLeft -= 1
    }
    unsafe core.pointee.endItems()
    if unsafe core.pointee.ready.count > 0 {
      glance()
    } else if unsafe core.pointee.itemsLeft == Self.itemsPerTurn, !inbox.hasItems {
      sleep()
    }
    // Else what ran may have been the last, which `drive` asks before the next turn; that one sleeps.
  }

  @inline(__always)
  private func run(_ item: ReadyItem) {
    unsafe core.pointee.budget = LoopCore.fullBudget
    unsafe core.pointee.mayPark = item.kind == .global
    unsafe core.pointee.runningTask = item.word & ~7
    progress.beginItem()
    switch item.kind {
    case .global: InstalledExecutors.runGlobal(item.job)
    case .preferred: unsafe item.job.runSynchronously(on: asUnownedTaskExecutor())
    case .main: InstalledExecutors.runMain(item.job)
    case .callback: item.takeCallback().run()
    case .leader: return runLeader()
    }
    unsafe LoopCore.resumeYielded(core)
  }

  /// Runs the task that has suspended until its ticket comes to its turn.
  @inline(never)
  private func runLeader() { run(unsafe core.pointee.takeLeader()) }

  /// Looks at timers and descriptors without waiting.
  private func glance() {
    if unsafe core.pointee.timers.count > 0, time == .system { fireTimers(at: casyncio_now()) }
    if poller.hasRegistrations { _ = poller.poll(timeout: 0) }
    if onSignal != nil { deliverSignal() }
  }

  /// Sleeps until the next timer, an event, or a wake-up.
  private func sleep() {
    progress.rest()
    unsafe core.pointee.ready.giveMemoryBack()
    if time == .virtual { return sleepVirtually() }
    var timeout: Int64 = -1
    if let earliest = unsafe core.pointee.timers.earliest {
      timeout = max(0, earliest - casyncio_now())
    }
    wait(timeout)
    if unsafe core.pointee.timers.count > 0 { fireTimers(at: casyncio_now()) }
    if onSignal != nil { deliverSignal() }
  }

  /// Polls; another thread that enqueues ends the wait.
  func wait(_ timeout: Int64) {
    group?.beginIdle(self)
    defer { group?.endIdle(self) }
    guard timeout != 0, inbox.prepareToSleep() else {
      if poller.hasRegistrations { _ = poller.poll(timeout: 0) }
      return
    }
    _ = poller.poll(timeout: timeout)
    inbox.endSleep()
  }

  /// Makes ready whatever waits for a time up to `now`.
  func fireTimers(at now: Int64) {
    while let payload = unsafe core.pointee.timers.popDue(at: now) {
      let waiter = unsafe TimerPayload(word: payload).fire(into: &core.pointee.ready)
      // Outside the access to the queue, as it enqueues the waiting task.
      waiter?.finish(.woken)
    }
  }

  private func deliverSignal() {
    let number = casyncio_signal_received()
    guard number != 0, let handler = onSignal else { return }
    onSignal = nil
    handler(number)
  }
}

extension EventLoop: CustomStringConvertible {
  /// What the loop has to do, such as `EventLoop(3 ready, 10 timers)`; exact on the loop's own thread only.
  public var description: String {
    guard isCurrent else { return "EventLoop" }
    return unsafe "EventLoop(\(core.pointee.ready.count) ready, \(core.pointee.timers.count) timers)"
  }
}
