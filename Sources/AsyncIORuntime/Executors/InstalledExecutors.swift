// Everything that touches unstable interfaces of the compiler is in this file.
//
// The language asks two executors for everything: the global one for tasks, actors, groups and sleeps, and the
// main one for the main actor. `_createExecutors` sets both, and must do so before anything asks for them: first
// thing in a synchronous `main`. From then on every task of every library in the process runs where
// `GlobalExecutor` says:
//
//   on a thread that drives a loop   that loop's ready queue: no lock, no hop
//   on a thread of a pool            the inbox of the loop whose call it makes
//   on any other thread              the home loop's inbox, or, in a process whose `main` is not ours (a test
//                                    runner), the executor that the platform would have used
//
// Where these interfaces change, the fallback is the public API: a task executor preference for an `EventLoop`,
// which this file does not touch.
//
// Jobs of tasks without a preference are run on the generic executor, and not on a task executor: the runtime
// compares the two at each switch, and would otherwise enqueue the job anew (six jobs instead of one for a child
// task).

internal import CAsyncIO
import Synchronization
@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) internal import _Concurrency

/// The executors under the language, once they are ours.
package enum InstalledExecutors {
  /// The process's home loop: where tasks go that are made outside of any loop.
  static var home: EventLoop? {
    // The loop is retained once and never released, as the executors hold it too.
    let word = homeWord.load(ordering: .acquiring)
    return unsafe UnsafeRawPointer(bitPattern: word).map { pointer in
      unsafe Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
    }
  }

  static var hasHome: Bool { homeWord.load(ordering: .relaxed) != 0 }

  private static let homeWord = Atomic<UInt>(0)

  /// Puts the home loop under the language and returns it; the same loop at each call.
  ///
  /// Only the process's main thread may call this, and not inside of a task.
  static func installHome() throws(IOError) -> EventLoop {
    if let home { return home }
    let loop = try EventLoop()
    homeWord.store(unsafe UInt(bitPattern: Unmanaged.passRetained(loop).toOpaque()), ordering: .releasing)
    unsafe LoopFactory.global = GlobalExecutor(elsewhere: .home(loop))
    unsafe LoopFactory.main = MainLoopExecutor(loop)
    _createExecutors(factory: LoopFactory.self)
    return loop
  }

  /// Lets tasks that are made on a loop's thread stay on it, in a process whose `main` is not ours.
  ///
  /// For test runners; called while the process has one thread, before `main`.
  package static func installRouter() {
    guard let platform = PlatformExecutorFactory.defaultExecutor as? any TaskExecutor & SchedulingExecutor
    else { return }
    unsafe LoopFactory.global = GlobalExecutor(elsewhere: .platform(platform))
    unsafe LoopFactory.main = PlatformExecutorFactory.mainExecutor
    _createExecutors(factory: LoopFactory.self)
  }

  /// Whether `Task { }` on a loop's thread stays on that loop.
  package static var isInstalled: Bool { unsafe LoopFactory.global != nil }

  /// Makes a job of a parked task ready, as if it came from the language.
  @inline(__always)
  static func enqueueGlobal(_ job: UnownedJob) {
    // As the executor does, without counting a reference to it.
    if let core = unsafe LoopCore.current { return unsafe core.pointee.push(ReadyItem(job, .global)) }
    guard let global = unsafe LoopFactory.global else {
      preconditionFailure("a task was parked outside of any loop")
    }
    global.enqueue(job)
  }

  /// Runs a job that was given to the global executor.
  @inline(__always)
  static func runGlobal(_ job: UnownedJob) {
    unsafe job.runSynchronously(on: generic)
  }

  /// Runs a job of the main actor.
  static func runMain(_ job: UnownedJob) {
    guard let main = unsafe LoopFactory.main as? MainLoopExecutor else {
      preconditionFailure("a job of the main actor came to a loop that is not under the language")
    }
    unsafe job.runSynchronously(on: main.asUnownedSerialExecutor())
  }

  /// The executor of code that is isolated to nothing.
  ///
  /// The runtime represents it as two null words; no public initialiser makes it.
  @inline(__always)
  private static var generic: UnownedSerialExecutor {
    unsafe unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
  }
}

/// What `_createExecutors` asks, once, while there is one thread.
private struct LoopFactory: ExecutorFactory {
  // Written before the executors are installed and never again.
  nonisolated(unsafe) static var global: GlobalExecutor?
  nonisolated(unsafe) static var main: (any MainExecutor)?

  static var defaultExecutor: any TaskExecutor {
    guard let global = unsafe global else { preconditionFailure("the loop's executors are not made yet") }
    return global
  }

  static var mainExecutor: any MainExecutor {
    guard let main = unsafe main else { preconditionFailure("the loop's executors are not made yet") }
    return main
  }
}

/// The global executor: sends each job to the loop of the thread that it comes from.
private final class GlobalExecutor: TaskExecutor, SchedulingExecutor {
  /// Where jobs go that come from a thread without a loop.
  enum Elsewhere: Sendable {
    case home(EventLoop)
    case platform(any TaskExecutor & SchedulingExecutor)
  }

  private let elsewhere: Elsewhere

  init(elsewhere: Elsewhere) { self.elsewhere = elsewhere }

  @inline(__always)
  func enqueue(_ job: UnownedJob) {
    if let core = unsafe LoopCore.current {
      unsafe core.pointee.push(ReadyItem(job, .global))
    } else {
      enqueueElsewhere(job)
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }

  @inline(never)
  private func enqueueElsewhere(_ job: UnownedJob) {
    if let served = ServingThread.current?.loop { return served.submit(ReadyItem(job, .global)) }
    switch elsewhere {
    case .home(let loop): loop.submit(ReadyItem(job, .global))
    case .platform(let executor): executor.enqueue(job)
    }
  }

  // `Task.sleep` comes here.
  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, at instant: C.Instant, tolerance: C.Duration?, clock: C
  ) {
    guard let loop = loop else {
      guard case .platform(let executor) = elsewhere else { return }
      return executor.enqueue(job, at: instant, tolerance: tolerance, clock: clock)
    }
    let rest = Self.swiftDuration(clock.now.duration(to: instant))
    schedule(UnownedJob(job), after: loop.virtualDelay(untilRealInstantIn: rest), on: loop)
  }

  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, after delay: C.Duration, tolerance: C.Duration?, clock: C
  ) {
    guard let loop = loop else {
      guard case .platform(let executor) = elsewhere else { return }
      return executor.enqueue(job, after: delay, tolerance: tolerance, clock: clock)
    }
    schedule(UnownedJob(job), after: Self.swiftDuration(delay), on: loop)
  }

  /// The loop that takes timers from this thread; nil if they are the platform's.
  private var loop: EventLoop? {
    if let current = EventLoop.current { return current }
    if case .home(let home) = elsewhere { return home }
    return nil
  }

  private func schedule(_ job: UnownedJob, after delay: Duration, on loop: EventLoop) {
    let deadline = loop.deadline(after: delay)
    loop.onLoopThread { _ = loop.setTimer(at: deadline, TimerPayload(job)) }
  }

  private static func swiftDuration<D: DurationProtocol>(_ duration: D) -> Duration {
    guard let duration = duration as? Duration else {
      preconditionFailure("a job was enqueued with a delay in \(D.self); only Swift.Duration is understood")
    }
    return duration
  }
}

/// The main actor's executor: the home loop, on the process's main thread.
private final class MainLoopExecutor: MainExecutor {
  private let loop: EventLoop

  init(_ loop: EventLoop) { self.loop = loop }

  func enqueue(_ job: UnownedJob) { loop.enqueue(ReadyItem(job, .main)) }
  func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }

  var isMainExecutor: Bool { true }
  func checkIsolated() {
    precondition(
      loop.isCurrent || casyncio_is_main_thread(),
      "code of the main actor was called outside of the main thread")
  }
  func isIsolatingCurrentContext() -> Bool? { loop.isCurrent || casyncio_is_main_thread() }

  // An async `main` would end here; the loop is driven by `EventLoop.run` instead.
  func run() { loop.drive { false } }
  func runUntil(_ condition: () -> Bool) { loop.drive(until: condition) }
  func stop() {}
}
