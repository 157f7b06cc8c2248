// Starting and ending: what `asyncio.run` and `asyncio.Runner` do.
//
// On the process's first thread, outside of any task, a runner drives the home loop, which is put under the language
// (Executors/InstalledExecutors.swift): then all tasks of the process are on it. Anywhere else (a test, a thread of
// another program) it makes a loop of its own, whose main task prefers that loop as its executor, as do all tasks that
// are made through our API.
//
// The end of a run: main's result is kept in a box that the driving thread looks at before each turn. Leftovers (tasks of
// the registry that were made on this loop and have not ended) are then cancelled, driven until they have ended or the
// grace is over, and named if they have not. The producers of generators come after all others.
//
// Signals: the handler of the C shim counts and writes to the poller; the loop sees it at its next look around and calls
// `onSignal`, which cancels main. A second signal ends the process by its default action, from the handler itself, so that
// it works on a loop that hangs.

internal import CAsyncIO
import Synchronization

/// Runs async functions from synchronous code, several on the same loop if need be (asyncio's `Runner`).
///
/// ```swift
/// let runner = try Runner()
/// let a = try runner.run { try await first() }
/// let b = try runner.run { try await second(a) }
/// runner.close()
/// ```
///
/// Programs that run one function use `EventLoop.run`.
public final class Runner {
  /// How a runner drives its loop.
  public struct Configuration: Sendable {
    /// How many loops to run, each on its own thread; 1 to 64.
    public var threads = 1
    /// How long tasks that are left when a run is closed may take to end after they were cancelled.
    public var grace: Duration = .seconds(5)
    /// Whether the first SIGINT or SIGTERM cancels the main task, and the second ends the process.
    ///
    /// Only where the runner drives the process's main thread.
    public var handlesSignals = true
    /// What looks after code that holds a loop; nil for none.
    ///
    /// By default there is one in debug builds, and where the environment variable `ASYNCIO_WATCHDOG` asks for it.
    public var watchdog = Watchdog.automatic

    /// Makes the default configuration: one thread, five seconds of grace, signals handled, a watchdog in debug builds.
    public init() {}
  }

  /// The loop that this runner drives.
  public let loop: EventLoop
  private let configuration: Configuration
  private let isHome: Bool
  private var group: LoopGroup?
  private var isClosed = false

  /// Makes a runner with a loop that is not running yet.
  ///
  /// - Throws: `EventLoopError` with the code `system` when the system has no descriptor left for the loop.
  public convenience init(_ configuration: Configuration = Configuration()) throws {
    // Under the language only where nothing of it has run yet or can run beside it.
    let isHome = unsafe casyncio_is_main_thread() && withUnsafeCurrentTask { unsafe $0 == nil }
    do throws(IOError) {
      let loop = try isHome ? InstalledExecutors.installHome() : EventLoop()
      try self.init(driving: loop, isHome: isHome, configuration)
    } catch {
      throw EventLoopError(.system(error), "the event loop cannot be made: \(error)")
    }
  }

  /// Makes a runner for a loop that exists.
  package init(driving loop: EventLoop, isHome: Bool, _ configuration: Configuration) throws(IOError) {
    self.loop = loop
    self.isHome = isHome
    self.configuration = configuration
    loop.visitors.open()
    if configuration.threads > 1 {
      group = try LoopGroup(home: loop, count: configuration.threads)
    }
  }

  deinit { close() }

  /// Runs `body` on the loop until it has ended.
  ///
  /// Tasks that `body` leaves go on in the next `run`, or are ended by `close`.
  ///
  /// - Parameter body: The main task.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `EventLoopError` with the code `alreadyRunning` where a loop runs on this thread,
  ///   `closed` after `close`, `interrupted` when a signal has cancelled `body` and it ended by that.
  ///
  /// ## Cancellation
  /// The first SIGINT or SIGTERM cancels `body`; the second ends the process.
  public func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    guard EventLoop.current == nil else {
      throw EventLoopError(
        .alreadyRunning,
        "an event loop is already running on this thread: await the function, or run it on another thread")
    }
    guard !isClosed else { throw EventLoopError(.closed, "the runner was closed: make another") }
    let main = MainTask<Result>(loop)
    main.start(body, installed: isHome)
    let signal = drive(main)
    switch main.takeResult() {
    case .success(let value): return value
    case .failure(let error) where signal != 0 && error is CancellationError:
      throw EventLoopError(.interrupted(signal: signal), "interrupted by signal \(signal)")
    case .failure(let error): throw error
    }
  }

  /// Drives the loop until `main` has ended; returns the signal that cancelled it, or 0.
  private func drive<Result>(_ main: MainTask<Result>) -> CInt {
    var received: CInt = 0
    let handles = isHome && configuration.handlesSignals
    if handles {
      loop.onSignal = { number in
        received = number
        TaskContext.interruption.store(number, ordering: .relaxed)
        main.cancel()
      }
      casyncio_signals_install(loop.poller.wakeDescriptor)
    }
    let loops = group?.loops ?? [loop]
    // Virtual time stands still while code runs, however long it takes.
    let watchdog = loop.time == .virtual ? nil : configuration.watchdog
    if let watchdog { WatchdogThread.watch(loops, of: group, with: watchdog) }
    loop.drive { main.isDone }
    if watchdog != nil { WatchdogThread.unwatch(loops) }
    if handles {
      loop.onSignal = nil
      TaskContext.interruption.store(0, ordering: .relaxed)
      casyncio_signals_restore()
    }
    return received
  }

  /// Ends the tasks that are left on the loop: cancels them, waits for them up to the grace, reports their errors.
  ///
  /// Tasks that were not made through our API are not known and simply never run again. Idempotent.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    endLeftovers()
    for loop in group?.loops ?? [loop] { loop.visitors.close() }
    group?.stop()
    group = nil
  }

  private func endLeftovers() {
    guard EventLoop.current == nil else { return }
    let left = loop.endTasks(of: group?.loops ?? [loop], within: configuration.grace)
    for record in left {
      EventLoop.warn(
        "\(record) did not end within \(configuration.grace) after its cancellation and was abandoned")
    }
    for call in ServingThread.calls(for: group?.loops ?? [loop]) {
      EventLoop.warn("\(call) and is left behind")
    }
  }
}

extension EventLoop {
  /// Cancels the tasks that are left on `loops`, and drives this loop until they have ended.
  ///
  /// - Parameters:
  ///   - loops: Whose tasks; this loop is one of them.
  ///   - grace: How long to wait, on this loop's clock.
  ///   - isGivenUp: Ends the wait early.
  /// - Returns: The tasks that have not ended.
  package func endTasks(
    of loops: [EventLoop], within grace: Duration, unless isGivenUp: () -> Bool = { false }
  ) -> [TaskRecord] {
    func leftovers() -> [TaskRecord] {
      let records = TaskRegistry.shared.all.filter { record in loops.contains { $0 === record.loop } }
      let first = records.filter { !$0.endsLast }
      return first.isEmpty ? records : first
    }
    var left = leftovers()
    guard !left.isEmpty else { return [] }
    for record in left { record.cancel(.shutdown) }
    let isOver = Mutex(false)
    let timer = callLater(grace) { isOver.withLock { $0 = true } }
    drive {
      left = left.filter { $0.state != .finished }
      // A leftover may make further tasks while it ends.
      if left.isEmpty {
        left = leftovers()
        for record in left { record.cancel(.shutdown) }
      }
      guard left.isEmpty || isOver.withLock({ $0 }) || isGivenUp() else { return false }
      // Here, on the loop's thread: later it would stay in the inbox of a loop that nobody drives.
      timer.cancel()
      return true
    }
    return left
  }
}

extension EventLoop {
  /// Runs `body` on an event loop, and returns what it returns (asyncio's `run`).
  ///
  /// To be called first in a synchronous `main`: then the loop runs under the language, and every task of the process is
  /// on it.
  ///
  /// ```swift
  /// @main struct Main {
  ///   static func main() throws {
  ///     try EventLoop.run { try await serve() }
  ///   }
  /// }
  /// ```
  ///
  /// When `body` has ended, tasks that are left are cancelled and awaited, five seconds at most.
  ///
  /// - Parameters:
  ///   - threads: How many loops to run, each on its own thread.
  ///   - watchdog: What looks after code that holds a loop; nil for none.
  ///   - body: The main task.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `EventLoopError` where a loop runs on this thread already.
  ///
  /// ## Cancellation
  /// The first SIGINT or SIGTERM cancels `body`. If it ends by that cancellation, the leftovers are ended and the process
  /// ends by the signal, as one does that does not handle it; if it returns or throws something else, so does this.
  /// A second signal ends the process at once. `Runner` throws an error instead.
  public static func run<Result: Sendable>(
    threads: Int = 1, watchdog: Watchdog? = .automatic, _ body: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    guard current == nil else {
      throw EventLoopError(
        .alreadyRunning,
        "an event loop is already running on this thread: await the function, or run it on another thread")
    }
    var configuration = Runner.Configuration()
    configuration.threads = threads
    configuration.watchdog = watchdog
    let runner = try Runner(configuration)
    do {
      defer { runner.close() }
      return try runner.run(body)
    } catch let error as EventLoopError {
      // As a program ends that does not know of signals: so its parent can tell that it was interrupted.
      if case .interrupted(let signal) = error.code { casyncio_end_by_signal(signal) }
      throw error
    }
  }
}
