import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TaskHandleTests {
  @Test func `the value is that of the operation, as often as one asks`() async throws {
    let handle = createTask {
      try await sleep(for: .seconds(1))
      return 42
    }
    #expect(try await handle.value == 42)
    #expect(try await handle.value == 42)
  }

  @Test func `the error is that of the operation, as often as one asks`() async throws {
    let handle = createTask { throw TestFailure(1) }
    await #expect(throws: TestFailure(1)) { try await handle.value }
    await #expect(throws: TestFailure(1)) { try await handle.value }
  }

  @Test func `it starts after what is ready, and goes on without its handle`() async throws {
    let order = Journal<Int>()
    Task { order.note(1) }
    createTask {
      order.note(2)
      try await sleep(for: .seconds(1))
      order.note(3)
    }
    #expect(order.count == 0)
    await settle()
    #expect(order.entries == [1, 2])
    try await sleep(for: .seconds(2))
    #expect(order.entries == [1, 2, 3])
  }

  @Test func `it has its name, and the registry has it until its end`() async throws {
    let loop = try #require(EventLoop.current)
    var registered: [String] {
      TaskRegistry.shared.all.filter { $0.loop === loop }.map(\.description)
    }
    let handle = createTask(name: "crawler", fileID: "App/Main.swift", line: 12) {
      #expect(Task.name == "crawler")
      #expect(TaskRecord.currentRecord?.name == "crawler")
    }
    #expect(handle.name == "crawler")
    #expect(registered == ["task 'crawler' (App/Main.swift:12)"])
    try await handle.value
    #expect(registered.isEmpty)
    #expect(createTask {}.name == nil)
  }

  @Test func `it is done when it has ended`() async throws {
    let handle = createTask { try await sleep(for: .seconds(1)) }
    #expect(!handle.isDone)
    await settle()
    #expect(!handle.isDone)
    try await handle.value
    #expect(handle.isDone)
  }

  @Test func `cancelled before it starts, the operation never runs`() async throws {
    let started = Journal<Void>()
    let handle = createTask { started.note(()) }
    #expect(handle.cancel())
    await #expect(throws: CancellationError.self) { try await handle.value }
    #expect(started.count == 0)
    #expect(handle.isDone)
  }  // test_tasks: BaseTaskTests.test_cancel_with_message_before_starting_task

  @Test func `cancelled meanwhile, the operation sees it`() async throws {
    let cleaned = Journal<Void>()
    let handle = createTask { try await sleepAndCleanUp { cleaned.note(()) } }
    await settle()
    #expect(handle.cancel())
    #expect(handle.cancel(), "it has not ended yet")
    await #expect(throws: CancellationError.self) { try await handle.value }
    #expect(cleaned.count == 1)
  }  // test_tasks: BaseTaskTests.test_cancel

  @Test func `an operation may ignore its cancellation`() async throws {
    let handle = createTask {
      try? await sleep(for: .seconds(1000))
      return 42
    }
    await settle()
    handle.cancel()
    #expect(try await handle.value == 42)
  }  // test_tasks: BaseTaskTests.test_cancel_task_ignoring

  @Test func `cancelled after its end, it says no`() async throws {
    let handle = createTask { 42 }
    _ = try await handle.value
    #expect(!handle.cancel())
    #expect(try await handle.value == 42)
  }  // test_tasks: BaseTaskTests.test_cancel_at_end

  @Test func `cancelling who waits for the value cancels the task, and waits for its end`() async throws {
    let cleaned = Journal<Void>()
    let handle = createTask { try await sleepAndCleanUp { cleaned.note(()) } }
    let waiter = Task { try await handle.value }
    await settle()
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(1))
  }  // test_tasks: BaseTaskTests.test_cancel_awaited_task, test_yield_future_passes_cancel

  @Test func `a task that is asked for by a cancelled one is cancelled`() async throws {
    let handle = createTask { try await sleep(for: .seconds(1000)) }
    let waiter = Task { try await handle.value }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(handle.isDone)
  }

  @Test func `several may wait, and are woken in their order`() async throws {
    let order = Journal<Int>()
    let handle = createTask {
      try await sleep(for: .seconds(1))
      return 7
    }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<10 {
        group.addTask {
          let value = try await handle.value
          order.note(number)
          return value
        }
      }
      for try await value in group { #expect(value == 7) }
    }
    #expect(order.entries == Array(0..<10))
  }

  @Test func `what its operation uses goes away with its end, the value with the handle`() async throws {
    weak var used: Token?
    weak var value: Token?
    do {
      let token = Token()
      used = token
      let handle = createTask { [token] in
        _ = token
        return Token()
      }
      value = try await handle.value
      #expect(value != nil)
    }
    await settle()
    #expect(used == nil)
    #expect(value == nil)
  }

  @Test func `ten thousand tasks leave nothing behind`() async throws {
    let loop = try #require(EventLoop.current)
    let handles = (0..<10_000).map { number in
      createTask {
        try await sleep(for: .milliseconds(number % 100))
        return number
      }
    }
    var sum = 0
    for handle in handles { sum += try await handle.value }
    #expect(sum == 49_995_000)
    #expect(!TaskRegistry.shared.all.contains { $0.loop === loop })
    #expect(loop.timerCount == 0)
  }
}

/// What becomes of an error that nobody asks for.
@Suite(.virtualTime) struct UnretrievedErrorTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  private func reports(_ name: String) -> [String] {
    UnhandledReports.all { ($0 as? Lost)?.name == name }.map(\.source)
  }

  @Test func `it is reported once, with the task's name and place`() async throws {
    createTask(name: "crawler", fileID: "App/Main.swift", line: 12) { throw Lost(name: "once") }
    await settle()
    #expect(reports("once") == ["task 'crawler' (App/Main.swift:12)"])
  }  // test_futures: BaseFutureTests.test_future_exception_never_retrieved

  @Test func `it is reported when the last handle goes away`() async throws {
    do {
      let handle = createTask { throw Lost(name: "handle") }
      await settle()
      #expect(reports("handle").isEmpty, "somebody may still ask")
      #expect(handle.isDone)
    }
    await settle()
    #expect(reports("handle").count == 1)
  }

  @Test func `it is not reported when somebody has asked, before or after the end`() async throws {
    do {
      let handle = createTask { throw Lost(name: "asked") }
      await #expect(throws: Lost.self) { try await handle.value }
      let later = createTask { throw Lost(name: "asked") }
      await settle()
      await #expect(throws: Lost.self) { try await later.value }
    }
    await settle()
    #expect(reports("asked").isEmpty)
  }

  @Test func `a cancellation is not reported`() async throws {
    let before = UnhandledReports.all { $0 is CancellationError }.count
    let handle = createTask { try await sleep(for: .seconds(1000)) }
    await settle()
    handle.cancel()
    createTask { throw CancellationError() }
    createTask {}.cancel()
    await settle()
    #expect(UnhandledReports.all { $0 is CancellationError }.count == before)
  }
}
