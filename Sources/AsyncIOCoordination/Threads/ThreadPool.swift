// Threads beside the loops, for calls that block or compute.
//
// A pool is a task executor, and a call is a task that prefers it (PoolCall.swift). A job belongs to the language until it is run,
// exactly once: on a thread of the pool, or, where the system has no thread left and the pool has none, on the loop that it came
// from, where the call finds that it is on no thread of a pool. Whoever finds out that there is no thread takes all jobs that are
// queued then, as another may have relied on the thread that could not be started.
//
// Why no job is left in the queue while a thread is idle or could be started: at most one thread is on its way at a time
// (`isOneComing`: it was woken or started and has not looked into the queue yet). Whoever adds a job while none is on its way
// sends one; and each thread that takes a job while others are queued and none is on its way sends the next before it runs its
// own, which may block for ever. So a hundred short calls wake two or three threads, and a hundred long ones get all.
//
// Who is woken: the thread that has become idle last, as its caches are warm and the others can end. It is taken off `idle`
// under the mutex by whoever wakes it, and by itself when its time is over, whichever comes first: a thread that finds itself
// taken off has a wake-up coming, and waits for that.
//
// All state is under the mutex; jobs run and threads are woken outside of it. The threads are detached: a call that never
// returns costs its thread, and does not keep the process from exiting.

import AsyncIORuntime
import Synchronization

/// A pool of threads that grows when calls wait and shrinks when they do not (Python's `ThreadPoolExecutor`).
///
/// `withBlocking` uses the pool `blocking` and `withCompute` the pool `compute`. A pool of one's own bounds what must not be
/// done more than so many times at once:
///
/// ```swift
/// let database = ThreadPool(name: "database", maximum: 4)
/// let rows = try await withBlocking(on: database) { try query(sql) }
/// ```
///
/// It is a task executor, too: a task that prefers it runs on its threads.
public final class ThreadPool: TaskExecutor {
  /// What becomes of a call when the task that waits for it is cancelled.
  public enum CancellationPolicy: Sendable {
    /// The task waits for the call's end; the call may look at `Task.isCancelled`.
    case wait
    /// The task goes on at once, and the call on its own: its result is dropped, its error reported.
    case abandon
  }

  /// What a pool is doing.
  public struct Statistics: Sendable, Equatable {
    /// How many threads there may be at once.
    public var maximum: Int
    /// How many threads there are.
    public var threads: Int
    /// How many of them have nothing to do.
    public var idle: Int
    /// How many calls wait for a thread.
    public var queued: Int
    /// How many calls have been begun since the pool was made.
    public var begun: Int

    /// How many threads make a call now.
    public var running: Int { threads - idle }
  }

  /// The pool of `withBlocking`: up to 64 threads.
  public static let blocking = ThreadPool(name: "asyncio-blocking", maximum: 64)

  /// The pool of `withCompute`: a thread for each core that the process may use.
  public static let compute = ThreadPool(name: "asyncio-compute", maximum: LoopThread.coreCount)

  /// For people, and for debuggers, which see the first 15 bytes as the threads' name.
  public let name: String
  private let idleTimeout: Duration
  private let startThread: @Sendable (@escaping @Sendable () -> Void) -> Bool
  private let state: Mutex<State>

  /// Makes a pool, as yet without threads.
  ///
  /// - Parameters:
  ///   - name: For people.
  ///   - maximum: How many threads there may be at once, at least 1.
  ///   - idleTimeout: How long a thread waits for a call before it ends.
  public convenience init(name: String, maximum: Int, idleTimeout: Duration = .seconds(10)) {
    self.init(name: name, maximum: maximum, idleTimeout: idleTimeout) { LoopThread.start(named: name, $0) }
  }

  /// Makes a pool whose threads are started by `startThread`, which returns false if there is none.
  init(
    name: String, maximum: Int, idleTimeout: Duration = .seconds(10),
    startThread: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool
  ) {
    precondition(maximum > 0, "a pool has at least 1 thread, not \(maximum)")
    self.name = name
    self.startThread = startThread
    self.idleTimeout = idleTimeout
    state = Mutex(State(maximum: maximum))
  }

  /// What the pool is doing at this instant.
  public var statistics: Statistics { state.withLock { $0.statistics } }

  /// How many threads there may be at once.
  ///
  /// When it is lowered, threads end as they have nothing to do.
  public var maximum: Int {
    get { state.withLock { $0.statistics.maximum } }
    set {
      precondition(newValue > 0, "a pool has at least 1 thread, not \(newValue)")
      perform(
        state.withLock { state in
          state.statistics.maximum = newValue
          return state.sendOne()
        })
    }
  }

  // MARK: Adding

  /// Enqueues a job of a task that prefers this pool.
  public func enqueue(_ job: UnownedJob) {
    let item = Item(job: job, origin: EventLoop.ofCaller)
    perform(state.withLock { $0.add(item) })
  }

  /// Enqueues a job of a task that prefers this pool.
  public func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }

  private func perform(_ sending: Sending) {
    switch sending {
    case .nobody: break
    case .idleThread(let parker): parker.unpark()
    case .newThread:
      if !startThread({ self.work() }) {
        for item in state.withLock({ $0.withdrawThread() }) { refuse(item) }
      }
    }
  }

  /// Runs a job that there is no thread for where it came from, so that its task finds that out.
  private func refuse(_ item: Item) {
    guard let origin = item.origin else { return run(item) }
    origin.callSoon { self.run(item) }
  }

  // MARK: Working

  private func work() {
    let thread = ServingThread(pool: name)
    thread.begin()
    defer { thread.end() }
    let parker = Parker()
    // It was started to look into the queue, and looks there again after each wait.
    var isComing = true
    while true {
      let step = state.withLock { $0.next(parker, wasComing: isComing) }
      // The loop that the last call was made for is woken when this thread can be woken in its turn.
      thread.wakeLoop()
      switch step {
      case .run(let item, let sending):
        perform(sending)
        isComing = false
        thread.serve(item.origin) { run(item) }
      case .park:
        if !parker.park(atMost: idleTimeout) {
          if state.withLock({ $0.retire(parker) }) { return }
          // Woken at that instant: it comes.
          parker.park()
        }
        isComing = true
      case .end(let sending):
        return perform(sending)
      }
    }
  }

  private func run(_ item: Item) { unsafe item.job.runSynchronously(on: asUnownedTaskExecutor()) }
}
