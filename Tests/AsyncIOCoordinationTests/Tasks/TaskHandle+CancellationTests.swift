import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What becomes of tasks that are cancelled in unusual moments, or answer in unusual ways.
@Suite(.virtualTime) struct TaskHandleCancellationTests {
  @Test func `a task that cancels itself is cancelled at its next wait`() async throws {
    let reached = Journal<String>()
    let handle = createTask {
      cancelCurrentTask()
      reached.note("goes on")
      try await sleep(for: .seconds(1000))
      reached.note("has slept")
    }
    await #expect(throws: CancellationError.self) { try await handle.value }
    #expect(reached.entries == ["goes on"])
    #expect(LoopClock.now == .seconds(0))
    #expect(!handle.cancel())
  }  // test_tasks: BaseTaskTests.test_cancel_current_task

  @Test func `a value that it returns after its cancellation is its value`() async throws {
    let handle = createTask {
      cancelCurrentTask()
      return 12
    }
    #expect(try await handle.value == 12)
  }  // test_tasks: BaseTaskTests.test_cancel_at_end, where it is dropped

  @Test func `after its cancellation every further wait throws`() async throws {
    let errors = Journal<String>()
    let handle = createTask {
      for _ in 0..<3 {
        do { try await sleep(for: .seconds(1000)) } catch { errors.note("\(type(of: error))") }
      }
      return 42
    }
    await settle()
    handle.cancel()
    #expect(try await handle.value == 42)
    #expect(errors.entries == Array(repeating: "CancellationError", count: 3))
  }  // test_tasks: BaseTaskTests.test_cancel_task_ignoring, where the second one waits

  @Test func `an error that it throws while it is cancelled is its error`() async throws {
    let handle = createTask {
      do { try await sleep(for: .seconds(1000)) } catch { throw TestFailure(7) }
    }
    await settle()
    handle.cancel()
    await #expect(throws: TestFailure(7)) { try await handle.value }
  }  // test_tasks: BaseTaskTests.test_baseexception_during_cancel

  @Test func `who waits for a task that is cancelled gets its CancellationError, and is not cancelled`()
    async throws
  {
    let inner = createTask { try await sleep(for: .seconds(1000)) }
    let outer = createTask {
      await #expect(throws: CancellationError.self) { try await inner.value }
      return Task.isCancelled
    }
    await settle()
    inner.cancel()
    #expect(try await !outer.value)
  }  // test_tasks: BaseTaskTests.test_cancel_inner_future

  @Test(arguments: [false, true])
  func `both a task and who waits for it may be cancelled`(_ innerIsFirst: Bool) async throws {
    let cleaned = Journal<Void>()
    let inner = createTask { try await sleepAndCleanUp { cleaned.note(()) } }
    let outer = createTask { try await inner.value }
    await settle()
    if innerIsFirst { inner.cancel() }
    outer.cancel()
    inner.cancel()
    await #expect(throws: CancellationError.self) { try await outer.value }
    #expect(inner.isDone)
    #expect(cleaned.count == 1)
  }  // test_tasks: BaseTaskTests.test_cancel_both_task_and_inner_future

  @Test func `cancelled between two turns, it ends at the next`() async throws {
    let turns = Journal<Int>()
    let handle = createTask {
      for turn in 0..<5 {
        turns.note(turn)
        try await sleep(for: .zero)
      }
    }
    while turns.count < 2 { await giveWay() }
    handle.cancel()
    await #expect(throws: CancellationError.self) { try await handle.value }
    #expect(turns.entries == [0, 1])
    #expect(!handle.cancel())
  }  // test_tasks: BaseTaskTests.test_cancel_yield
}

/// Cancels the task that this is called in.
func cancelCurrentTask() { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
