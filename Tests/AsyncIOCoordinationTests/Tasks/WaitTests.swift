import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct WaitTests {
  @Test func `all have ended, in whatever way`() async throws {
    let tasks = makeTasks(3, 1, 2)
    let (done, pending) = try await wait(for: tasks)
    #expect(names(done) == ["3", "1", "2"], "the order of the argument")
    #expect(pending.isEmpty)
    #expect(LoopClock.now == .seconds(3))
    let again = try await wait(for: tasks)
    #expect(names(again.done) == ["3", "1", "2"])
    #expect(LoopClock.now == .seconds(3))
  }  // test_tasks: BaseTaskTests.test_wait

  @Test func `errors are not thrown`() async throws {
    let tasks = makeTasks(1, 2, failing: [2])
    let (done, pending) = try await wait(for: tasks)
    #expect(names(done) == ["1", "2"])
    #expect(pending.isEmpty)
    await #expect(throws: TestFailure(2)) { try await done[1].value }
  }  // test_tasks: BaseTaskTests.test_wait_with_exception

  @Test func `what has ended needs no wait`() async throws {
    let tasks = makeTasks(0, 0)
    try await sleep(for: .seconds(1))
    let others = Journal<Void>()
    Task { others.note(()) }
    for condition in [WaitCondition.allCompleted, .firstCompleted, .firstError] {
      #expect(try await wait(for: tasks, until: condition).done.count == 2)
    }
    #expect(others.count == 0)
  }

  @Test func `until the first has ended`() async throws {
    let tasks = makeTasks(10, 1)
    let (done, pending) = try await wait(for: tasks, until: .firstCompleted)
    #expect(names(done) == ["1"])
    #expect(names(pending) == ["10"])
    #expect(!tasks[0].isDone)
    #expect(LoopClock.now == .seconds(1))
    try await tasks[0].value
  }  // test_tasks: BaseTaskTests.test_wait_first_completed

  @Test func `those that end before it can look are done too`() async throws {
    let tasks = [3, 1, 2, 4].map { steps in
      createTask {
        // The second and the third end in the turn in which the wait is woken.
        try await sleep(for: .seconds(steps < 3 ? 1 : steps))
      }
    }
    let (done, pending) = try await wait(for: tasks, until: .firstCompleted)
    #expect(done.count == 2)
    #expect(pending.count == 2)
    for task in tasks { task.cancel() }
  }  // test_tasks: BaseTaskTests.test_wait_really_done

  @Test func `until the first error, one that is there already`() async throws {
    let tasks = makeTasks(10, 0, failing: [0])
    try await sleep(for: .seconds(1))
    let (done, pending) = try await wait(for: tasks, until: .firstError)
    #expect(names(done) == ["0"])
    #expect(names(pending) == ["10"])
    #expect(LoopClock.now == .seconds(1))
    await #expect(throws: TestFailure(0)) { try await tasks[1].value }
  }  // test_tasks: BaseTaskTests.test_wait_first_exception

  @Test func `until the first error, one that comes meanwhile`() async throws {
    let tasks = makeTasks(10, 2, 1, 5, failing: [2, 5])
    let (done, pending) = try await wait(for: tasks, until: .firstError)
    #expect(names(done) == ["2", "1"])
    #expect(names(pending) == ["10", "5"])
    #expect(LoopClock.now == .seconds(2))
    await #expect(throws: TestFailure(2)) { try await tasks[1].value }
    await #expect(throws: TestFailure(5)) { try await tasks[3].value }
  }  // test_tasks: BaseTaskTests.test_wait_first_exception_in_wait

  @Test func `a cancelled task is no error`() async throws {
    let tasks = makeTasks(10, 3, 2, failing: [3])
    tasks[2].cancel()
    let (done, pending) = try await wait(for: tasks, until: .firstError)
    #expect(names(done) == ["3", "2"])
    #expect(names(pending) == ["10"])
    #expect(LoopClock.now == .seconds(3))
    await #expect(throws: TestFailure(3)) { try await tasks[1].value }
  }  // asyncio: wait, "FIRST_EXCEPTION … not f.cancelled()"

  @Test func `without an error it is until all have ended`() async throws {
    let tasks = makeTasks(3, 1, 2)
    tasks[0].cancel()
    let (done, pending) = try await wait(for: tasks, until: .firstError)
    #expect(names(done) == ["3", "1", "2"])
    #expect(pending.isEmpty)
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `the timeout ends the wait, and nothing else`() async throws {
    let tasks = makeTasks(1, 15)
    let (done, pending) = try await wait(for: tasks, timeout: .seconds(11))
    #expect(names(done) == ["1"])
    #expect(names(pending) == ["15"])
    #expect(LoopClock.now == .seconds(11))
    try await tasks[1].value
    #expect(LoopClock.now == .seconds(15))
  }  // test_tasks: BaseTaskTests.test_wait_with_timeout

  @Test func `what ends at the instant of the timeout is done`() async throws {
    let tasks = makeTasks(1, 15)
    await settle()
    let (done, pending) = try await wait(for: tasks, timeout: .seconds(1))
    #expect(names(done) == ["1"])
    #expect(names(pending) == ["15"])
    tasks[1].cancel()
  }  // test_tasks: BaseTaskTests.test_wait_concurrent_complete

  @Test(arguments: [WaitCondition.allCompleted, .firstCompleted, .firstError])
  func `a timeout that is not used leaves no timer`(_ condition: WaitCondition) async throws {
    let tasks = makeTasks(1, 2)
    let (done, _) = try await wait(for: tasks, until: condition, timeout: .seconds(1000))
    #expect(!done.isEmpty)
    _ = try await wait(for: tasks)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `a timeout of zero or less gives way once`(_ timeout: Duration) async throws {
    let tasks = makeTasks(1) + [createTask(name: "ready") {}]
    let (done, pending) = try await wait(for: tasks, timeout: timeout)
    #expect(names(done) == ["ready"])
    #expect(names(pending) == ["1"])
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `a task that is given twice is in one list once`() async throws {
    let tasks = makeTasks(1, 2)
    let (done, pending) = try await wait(
      for: [tasks[1], tasks[0], tasks[0], tasks[1]], until: .firstCompleted)
    #expect(names(done) == ["1"])
    #expect(names(pending) == ["2"])
  }  // test_tasks: BaseTaskTests.test_wait_duplicate_coroutines

  @Test func `any sequence will do`() async throws {
    let tasks = makeTasks(2, 1)
    #expect(names(try await wait(for: AnyIterator(tasks.makeIterator())).done) == ["2", "1"])
    let made = (1...10).lazy.map { number in createTask(name: "\(number)") {} }
    #expect(try await wait(for: made).done.count == 10)
  }  // test_tasks: BaseTaskTests.test_wait_with_iterator_of_tasks, test_wait_generator

  @Test(.realTime, .deadline(.seconds(60))) func `no tasks are refused`() async {
    await #expect(processExitsWith: .failure) { _ = try await wait(for: [TaskHandle<Void>]()) }
  }  // test_tasks: BaseTaskTests.test_wait_errors, test_wait_invalid_args
}

/// Whom a wait that ends early leaves alone.
@Suite(.virtualTime) struct WaitCancellationTests {
  private struct Lost: Error {}

  init() { UnhandledReports.begin() }

  @Test(arguments: [WaitCondition.allCompleted, .firstCompleted, .firstError])
  func `cancelling it cancels none of its tasks`(_ condition: WaitCondition) async throws {
    let tasks = makeTasks(5, 6)
    let waiter = Task { try await wait(for: tasks, until: condition, timeout: .seconds(100)).done.count }
    await settle()
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(LoopClock.now == .seconds(0))
    #expect(EventLoop.current?.timerCount == 2, "those of the tasks")
    for task in tasks { try await task.value }
    #expect(LoopClock.now == .seconds(6))
  }  // test_tasks: BaseTaskTests.test_yield_wait_does_not_shield_cancel

  @Test func `in a cancelled task it throws at once, also if all have ended`() async throws {
    let tasks = makeTasks(0)
    await settle()
    let waiter = Task { try await wait(for: tasks).done.count }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
  }

  @Test func `cancelled when it was woken, what it has waited for is not lost`() async throws {
    let cancel = Journal<Task<Int, any Error>>()
    let task = createTask {
      try await sleep(for: .seconds(1))
      // Runs when the task has ended, and before who waits for it.
      EventLoop.current?.callSoon { cancel.entries.first?.cancel() }
    }
    let waiter = Task { try await wait(for: [task], until: .firstCompleted).done.count }
    cancel.note(waiter)
    #expect(try await waiter.value == 1)
  }

  @Test func `cancelled when it was woken for less than it waits for, it throws`() async throws {
    let cancel = Journal<Task<Int, any Error>>()
    let task = createTask {
      try await sleep(for: .seconds(1))
      EventLoop.current?.callSoon { cancel.entries.first?.cancel() }
    }
    let tasks = [task] + makeTasks(2)
    let waiter = Task { try await wait(for: tasks).done.count }
    cancel.note(waiter)
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `it may be repeated, and leaves nothing with its tasks`() async throws {
    let task = createTask { try await sleep(for: .seconds(100)) }
    for _ in 0..<100 {
      let (done, _) = try await wait(for: [task], timeout: .milliseconds(10))
      #expect(done.isEmpty)
    }
    let waiter = Task { try await wait(for: [task]).done.count }
    await settle()
    #expect(task.core.waiterCount == 1)
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(task.core.waiterCount == 0)
    #expect(LoopClock.now == .seconds(1))
    #expect(EventLoop.current?.timerCount == 1)
    task.cancel()
  }

  @Test func `waiting for a task is not asking for its error`() async throws {
    func fail() async throws {
      let task = createTask(name: "lost in wait") { throw Lost() }
      _ = try await wait(for: [task], until: .firstError)
    }
    try await fail()
    await settle()
    let reports = UnhandledReports.all { $0 is Lost }
    #expect(reports.count == 1)
  }  // test_futures: BaseFutureTests.test_future_exception_never_retrieved
}

/// What must hold for waits in whatever order things happen.
@Suite(.deadline(.seconds(60))) struct WaitStressTests {
  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `on one loop, in any order`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await Self.waitOften(seed: seed, hop: giveWay) }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `for tasks that end on another loop`(_ seed: UInt64) async throws {
    try await onTwoLoops { other in
      for round in 0..<20 as Range<UInt64> {
        try await Self.waitOften(seed: seed * 1000 + round) { await visit(other) }
      }
    }
  }

  private static func waitOften(seed: UInt64, hop: @escaping @Sendable () async -> Void) async throws {
    var numbers = SeededNumbers(seed: seed)
    let steps = (0..<1 + numbers.next(below: 20)).map { _ in numbers.next(below: 8) }
    let tasks = steps.map { steps in
      createTask {
        for _ in 0..<steps { await hop() }
        if steps == 3 { throw TestFailure(steps) }
        if steps == 4 { throw CancellationError() }
      }
    }
    let first = try await wait(for: tasks, until: .firstCompleted)
    #expect(!first.done.isEmpty)
    let error = try await wait(for: tasks, until: .firstError)
    #expect(error.pending.isEmpty || steps.contains(3))
    #expect((first.done + first.pending).count == tasks.count)
    #expect(error.done.count >= first.done.count)
    let all = try await wait(for: tasks, timeout: .seconds(1000))
    #expect(all.pending.isEmpty)
    for task in tasks { _ = try? await task.value }
  }
}

/// Tasks that end after so many seconds, each with its number as its name.
private func makeTasks(_ seconds: Int..., failing: Set<Int> = []) -> [TaskHandle<Void>] {
  seconds.map { seconds in
    createTask(name: "\(seconds)") {
      try await sleep(for: .seconds(seconds))
      if failing.contains(seconds) { throw TestFailure(seconds) }
    }
  }
}

private func names(_ tasks: [TaskHandle<Void>]) -> [String] { tasks.map { $0.name ?? "" } }
