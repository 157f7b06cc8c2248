// The thread that finds the names for stacks and passes reports on.
//
// Finding the names takes long: files and lines take a tenth of a second for each function in a large program's debug build, as
// the toolchain's library goes through all tables for each. They are looked up only for what is reported. The watchdog's thread must look at other loops meanwhile, and give on what waits for the one that is stuck. So it leaves
// what it has seen here, in order.
//
// Who owns what: the list is behind the mutex; a `Reporter` is touched by this thread only. The thread ends when it finds the
// list empty, which it decides under the mutex, so that whoever adds to the list knows whether to start it.
//
// A run that ends waits for the reports of its loops, as the program may end with it. It enqueues a mark behind them, and sleeps
// on a semaphore that the thread raises there. If the program's own code holds a report up, the run does not wait for ever.

import Glibc
import Synchronization

/// What the watchdog has seen of a loop that is stuck.
struct Sighting: Sendable {
  let reporter: Reporter
  let addresses: [UInt]
  let task: String?
  let duration: Duration
}

/// The thread of reports.
enum ReportThread {
  private enum Entry: Sendable {
    case sighting(Sighting)
    case mark(ReportMark)
  }

  private struct State {
    var entries: [Entry] = []
    var isRunning = false
    /// The thread, while it runs.
    var thread: pthread_t?
  }

  private static let state = Mutex(State())
  /// How many entries may wait; what comes then would be told too late to help.
  private static let capacity = 64
  /// How long the end of a run waits for reports.
  private static let patience = Duration.seconds(5)

  /// Has `sighting` reported.
  static func add(_ sighting: Sighting) { add(.sighting(sighting)) }

  /// Waits until everything that was added before was reported.
  static func flush() {
    let mustWait = state.withLock { state in
      // A report that runs a loop of its own cannot wait for itself.
      state.isRunning && state.thread.map { pthread_equal($0, pthread_self()) == 0 } != false
    }
    guard mustWait else { return }
    let mark = ReportMark()
    add(.mark(mark))
    mark.wait(atMost: patience)
  }

  private static func add(_ entry: Entry) {
    let mustStart = state.withLock { state in
      if case .sighting = entry, state.entries.count >= capacity { return false }
      defer { state.isRunning = true }
      state.entries.append(entry)
      return !state.isRunning
    }
    guard mustStart, !LoopThread.start(named: "asyncio-reports", run) else { return }
    let left = state.withLock { state in
      defer { state = State() }
      return state.entries
    }
    for case .mark(let mark) in left { mark.reach() }
    EventLoop.warn("code that holds the event loop cannot be reported: the system has no thread left")
  }

  private static func run() {
    state.withLock { $0.thread = pthread_self() }
    while let entry = next() {
      switch entry {
      case .sighting(let sighting): sighting.reporter.report(sighting)
      case .mark(let mark): mark.reach()
      }
    }
  }

  private static func next() -> Entry? {
    state.withLock { state in
      guard state.entries.isEmpty else { return state.entries.removeFirst() }
      state.thread = nil
      state.isRunning = false
      return nil
    }
  }
}

/// A place in the list of reports that a thread waits for.
@safe private final class ReportMark: @unchecked Sendable {
  // Sendable: a semaphore is made for several threads, and the pointer is constant.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { unsafe sem_init(semaphore, 0, 0) }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func reach() { unsafe sem_post(semaphore) }

  func wait(atMost time: Duration) {
    var end = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &end)
    end.tv_sec += Int(time.components.seconds)
    // A signal may end the wait early.
    while unsafe sem_timedwait(semaphore, &end) != 0 && errno == EINTR {}
  }
}

/// Reports what was seen of one loop; touched on the thread of reports only.
final class Reporter: @unchecked Sendable {
  // Sendable: belongs to the thread of reports.
  private let watchdog: Watchdog
  private var limiter = ReportLimiter()

  init(_ watchdog: Watchdog) { self.watchdog = watchdog }

  func report(_ sighting: Sighting) {
    let job = StackSymbols.job(in: sighting.addresses)
    guard let omitted = limiter.admit(job.place ?? sighting.task ?? "") else { return }
    let stack = StackSymbols.frames(at: job.addresses)
    let report = BlockingReport(
      task: sighting.task, duration: sighting.duration, stack: stack, omitted: omitted)
    if let onReport = watchdog.onReport { onReport(report) } else { EventLoop.warn("\(report)") }
  }
}
