// One test on a loop of its own. Three take part:
//
//   the test's task   prefers the loop, and stores its result
//   the loop's thread drives the loop until the task has ended, then ends the tasks that are left
//   the supervisor    a thread that sleeps until the loop's thread has something to tell, or the deadline has passed
//
// The supervisor alone decides what has become of the test, and tells the task that called `perform`, which records
// the issues. It is a thread without a loop because a task that is resumed on a loop's thread stays on that loop: the
// test runner's own task must not.
//
//   running    the test has not ended              → cancelled (deadlock or deadline), over
//   cancelled  it was told to end, and has a second → over (it has ended, or is abandoned)
//
// An abandoned loop is driven no further; what it holds stays where it is, as a task may still refer to it.

internal import AsyncIORuntime
import Glibc
import Synchronization

/// One test on a loop of its own.
final class TestRun: Sendable {
  /// What a test's traits say.
  struct Settings: Sendable {
    var time = EventLoopTrait.Time.system
    var deadline = Duration.seconds(10)
  }

  /// What the loop's thread tells the supervisor.
  private enum Message: Sendable {
    case deadlock(Situation)
    case situation(Situation)
    case ended(leftovers: [String])
  }

  /// What the supervisor tells the task that called `perform`.
  private enum Report: Sendable {
    case failure(TestFailure)
    case over
  }

  /// The run that the current task belongs to.
  @TaskLocal static var current: TestRun?

  /// How long a test may take to end after it was cancelled.
  private static let grace = Duration.seconds(1)

  let loop: EventLoop
  /// How many tasks are in `settle`.
  let settling = Atomic<Int>(0)
  private let record: TaskRecord
  private let deadline: Duration
  private let mailbox = Mailbox<Message>()
  private let result = Mutex<Result<Void, any Error>?>(nil)
  private let isDone = Atomic<Bool>(false)
  private let isAbandoned = Atomic<Bool>(false)

  init(_ name: String, _ settings: Settings) throws(IOError) {
    switch settings.time {
    case .system: loop = try EventLoop(notesWaits: true)
    case .virtual(let seed): loop = try EventLoop(time: .virtual, seed: seed, notesWaits: true)
    }
    deadline = settings.deadline
    record = TaskRecord(name: name, fileID: #fileID, line: #line, loop: loop)
  }

  /// Runs `body` on the loop; returns when it has ended or was abandoned.
  func perform(
    _ body: @escaping EscapingBody.Body, onFailure: (TestFailure) -> Void
  ) async throws {
    precondition(
      Router.isInstalled, "the executors of this process cannot be replaced: `Task {}` would escape")
    // Made here, so that it inherits the test runner's task-local values.
    let task = Task(name: record.name, executorPreference: loop) { await self.run(body) }
    let reports = ReportQueue<Report>()
    LoopThread.start(named: "asyncio-test") { self.drive() }
    LoopThread.start(named: "asyncio-watch") { self.supervise(task) { reports.post($0) } }
    var wasCancelled = false
    await withTaskCancellationHandler {
      while case .failure(let failure) = await reports.next() {
        wasCancelled = true
        onFailure(failure)
      }
    } onCancel: {
      task.cancel()
    }
    do {
      try result.withLock { $0 }?.get()
    } catch is CancellationError where wasCancelled {
      // Its cause has been told.
    }
  }

  private func run(_ body: EscapingBody.Body) async {
    let outcome: Result<Void, any Error>
    do {
      try await TestRun.$current.withValue(self) {
        try await TaskContext.$current.withValue(record) { try await body() }
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    result.withLock { $0 = outcome }
    isDone.store(true, ordering: .releasing)
    loop.wake()
  }

  // MARK: On the loop's thread

  private func drive() {
    watchForDeadlock()
    loop.drive { isDone.load(ordering: .acquiring) || self.isGivenUp }
    let left = isGivenUp ? [] : loop.endTasks(of: [loop], within: Self.grace) { self.isGivenUp }
    mailbox.post(.ended(leftovers: left.map(\.description)))
  }

  private var isGivenUp: Bool { isAbandoned.load(ordering: .acquiring) }

  private func watchForDeadlock() {
    // Weak, here and below: the loop keeps what it is given, and the run keeps the loop.
    loop.onDeadlock = { [weak self] in
      guard let self else { return }
      mailbox.post(.deadlock(Situation(of: loop, test: record)))
    }
  }

  // MARK: On the supervisor's thread

  private func supervise(_ task: Task<Void, Never>, _ report: (Report) -> Void) {
    var isRunning = true
    var limit = timespec.after(deadline)
    while true {
      let failure: TestFailure
      switch mailbox.take(until: limit) {
      case .situation: continue
      case .ended(let leftovers):
        if !leftovers.isEmpty { report(.failure(.leftovers(leftovers))) }
        return report(.over)
      case .deadlock(let situation):
        failure = isRunning ? .deadlock(situation) : .abandoned(situation)
      case nil:
        failure = isRunning ? .overdue(deadline, askForSituation()) : .abandoned(askForSituation())
      }
      report(.failure(failure))
      guard isRunning else {
        abandon()
        return report(.over)
      }
      isRunning = false
      task.cancel()
      // Again, now that the cancellation is under way: a test that ignores it ends in another deadlock.
      loop.callSoon { [weak self] in self?.watchForDeadlock() }
      limit = .after(Self.grace)
    }
  }

  /// Asks the loop's thread who waits for what.
  private func askForSituation() -> Situation {
    loop.callSoon { [weak self] in
      guard let self else { return }
      mailbox.post(.situation(Situation(of: loop, test: record)))
    }
    let limit = timespec.after(.milliseconds(200))
    var others: [Message] = []
    defer { for message in others { mailbox.post(message) } }
    while let message = mailbox.take(until: limit) {
      if case .situation(let situation) = message { return situation }
      others.append(message)
    }
    return .busy
  }

  private func abandon() {
    isAbandoned.store(true, ordering: .releasing)
    loop.wake()
    // For ever: its tasks have not ended, and may be resumed by anybody.
    _ = unsafe Unmanaged.passRetained(loop)
  }
}
