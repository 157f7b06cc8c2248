import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// A cancellation of the caller is never a timeout.
@Suite(.virtualTime) struct TimeoutCancellationTests {
  @Test func `cancelling the caller cancels the body and waits for it`() async throws {
    let cleaned = Journal<Void>()
    let task = Task {
      try await withTimeout(.seconds(10)) { try await sleepAndCleanUp { cleaned.note(()) } }
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(4))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_waitfor: test_asyncio_wait_for_cancelled, test_cancel_wait_for

  @Test func `cancelled, a value that the body returns is returned`() async throws {
    let task = Task {
      try await withTimeout(.seconds(10)) {
        try? await sleep(for: .seconds(1000))
        return 42
      }
    }
    await settle()
    task.cancel()
    #expect(try await task.value == 42)
  }

  @Test(arguments: [false, true])
  func `at the same instant as the expiry it is a cancellation`(_ comesFirst: Bool) async throws {
    let loop = try #require(EventLoop.current)
    let task = Task { try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(1000)) } }
    if comesFirst { loop.callLater(.seconds(1)) { task.cancel() } }
    await settle()
    if !comesFirst { loop.callLater(.seconds(1)) { task.cancel() } }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(LoopClock.now == .seconds(1))
  }  // test_waitfor: test_cancel_wait_for

  @Test func `during the cleanup after an expiry it is a cancellation`() async throws {
    let task = Task { try await withTimeout(.seconds(1)) { try await sleepAndCleanUp {} } }
    try await sleep(for: .milliseconds(1500))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `just after the body has ended, its value is still there`() async throws {
    let handle = createTask { 42 }
    let task = Task {
      let value = try await withTimeout(.seconds(100)) { try await handle.value }
      #expect(value == 42)
      try await sleep(for: .seconds(1))
    }
    await giveWay()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(LoopClock.now == .seconds(0))
  }  // test_waitfor: test_wait_for_issue86296

  @Test func `in a cancelled task the body is cancelled from its first line on`() async throws {
    let task = Task {
      try await withTimeout(.seconds(1)) { Task.isCancelled }
    }
    task.cancel()
    #expect(try await task.value)
  }

  @Test func `in a cancelled task nothing that checks for it goes on`() async throws {
    let reached = Journal<Void>()
    let task = Task {
      try await withTimeout(.seconds(1)) {
        try Task.checkCancellation()
        reached.note(())
      }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(reached.count == 0)
  }  // test_timeouts: test_cancel_in_timeout_after_cancellation

  @Test func `in a cancelled task no time at all is a cancellation`() async throws {
    let task = Task { try await withTimeout(.zero) {} }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // There it is a TimeoutError, as a cancellation is delivered once.
  }  // test_timeouts: test_timeout_after_cancellation

  @Test func `a timeout within the cleanup after an expiry is cancelled at once`() async throws {
    let inner = Journal<Bool>()
    await #expect(throws: TimeoutError(after: .seconds(1))) {
      try await withTimeout(.seconds(1)) {
        do {
          try await sleep(for: .seconds(10))
        } catch {
          do {
            try await withTimeout(.seconds(5)) { try await sleep(for: .seconds(10)) }
          } catch let inmost {
            inner.note(inmost is CancellationError)
          }
          throw error
        }
      }
    }
    #expect(inner.entries == [true])
    #expect(LoopClock.now == .seconds(1))
    // There it is a TimeoutError, as a cancellation is delivered once.
  }  // test_timeouts: test_nested_timeout_in_finally
}
