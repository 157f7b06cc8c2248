import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TimeoutTests {
  @Test func `a body that ends in time gives its value, and no timer is left`() async throws {
    let value = try await withTimeout(.seconds(10)) {
      try await sleep(for: .seconds(3))
      return 42
    }
    #expect(value == 42)
    #expect(LoopClock.now == .seconds(3))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_timeouts: test_timeout_not_called

  @Test func `a body that takes longer is cancelled, awaited, and turned into a TimeoutError`() async throws {
    let cleaned = Journal<Void>()
    await #expect(throws: TimeoutError(after: .seconds(10))) {
      try await withTimeout(.seconds(10)) { try await sleepAndCleanUp { cleaned.note(()) } }
    }
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(11))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_timeouts: test_timeout_basic; test_waitfor: test_wait_for_waits_for_task_cancellation

  @Test func `the caller is not cancelled by an expiry`() async throws {
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(10)) }
    }
    #expect(!Task.isCancelled)
    try await sleep(for: .seconds(1))
  }  // test_timeouts: test_outer_task_is_not_cancelled

  @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(-1)])
  func `without any time the body does not start`(_ duration: Duration) async throws {
    let started = Journal<Void>()
    await #expect(throws: TimeoutError(after: duration)) {
      try await withTimeout(duration) { started.note(()) }
    }
    #expect(started.count == 0)
  }  // test_waitfor: test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started

  @Test func `without any time a task that the body would await goes on`() async throws {
    let handle = createTask {
      try await sleep(for: .seconds(5))
      return 42
    }
    await settle()
    await #expect(throws: TimeoutError.self) { try await withTimeout(.zero) { try await handle.value } }
    #expect(!handle.isDone)
    #expect(try await handle.value == 42)
    await #expect(throws: TimeoutError.self) { try await withTimeout(.zero) { try await handle.value } }
    // There the task is cancelled, and a task that is done gives its value.
  }  // test_waitfor: test_wait_for_timeout_less_then_0_or_0

  @Test(arguments: [Duration.nanoseconds(1), .seconds(Int64.max)])
  func `a body that never suspends has as much time as it likes, and sets no timer`(
    _ duration: Duration
  ) async throws {
    let loop = try #require(EventLoop.current)
    let others = Journal<Void>()
    Task { others.note(()) }
    let count = try await withTimeout(duration) { loop.timerCount }
    #expect(count == 0)
    #expect(others.count == 0, "it has not given way")
    #expect(loop.timerCount == 0)
  }

  @Test func `a timer is set while the body is suspended`() async throws {
    let loop = try #require(EventLoop.current)
    let counts = try await withTimeout(.seconds(1)) {
      var counts = [loop.timerCount]
      await giveWay()
      counts.append(loop.timerCount)
      return counts
    }
    #expect(counts == [0, 1])
    #expect(loop.timerCount == 0)
  }

  @Test func `an error of the body is thrown, before and after it has suspended`() async throws {
    await #expect(throws: TestFailure(1)) { try await withTimeout(.seconds(1)) { throw TestFailure(1) } }
    await #expect(throws: TestFailure(2)) {
      try await withTimeout(.seconds(1)) {
        await giveWay()
        throw TestFailure(2)
      }
    }
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_timeouts: test_foreign_exception_passed

  @Test func `a body that suppresses its cancellation gives its value, late`() async throws {
    let value = try await withTimeout(.seconds(1)) {
      try? await sleep(for: .seconds(10))
      await sleepUncancelled(for: .seconds(1))
      return 42
    }
    #expect(value == 42)
    #expect(LoopClock.now == .seconds(2))
  }  // test_waitfor: test_wait_for_cancel_suppressed, test_wait_for_cancellation_race_condition

  @Test func `an error that the body throws while it is cancelled passes`() async throws {
    await #expect(throws: TestFailure(7)) {
      try await withTimeout(.seconds(1)) {
        do { try await sleep(for: .seconds(10)) } catch { throw TestFailure(7) }
      }
    }
  }  // test_waitfor: test_wait_for_reraises_exception_during_cancellation

  @Test func `a CancellationError of the body's own, before the expiry, is no timeout`() async throws {
    await #expect(throws: CancellationError.self) {
      try await withTimeout(.seconds(10)) {
        try await sleep(for: .seconds(1))
        throw CancellationError()
      }
    }
  }  // test_timeouts: test_foreign_cancel_doesnt_timeout_if_not_expired

  @Test func `a body that ends at the very instant of the expiry has either its value or a TimeoutError`()
    async throws
  {
    let result = Journal<Int>()
    do {
      result.note(
        try await withTimeout(.seconds(1)) {
          try await sleep(for: .seconds(1))
          return 1
        })
    } catch {
      #expect(error is TimeoutError)
      result.note(0)
    }
    // The body's timer was set first.
    #expect(result.entries == [1])
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_waitfor: test_wait_for_race_condition

  @Test func `the operations of a gather are cancelled and awaited`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TimeoutError(after: .seconds(5))) {
      try await withTimeout(.seconds(5)) {
        try await gather(0..<3) { number in try await sleepAndCleanUp { cleaned.note(number) } }
      }
    }
    #expect(cleaned.entries == [0, 1, 2])
    #expect(LoopClock.now == .seconds(6))
  }  // test_timeouts: test_timeout_taskgroup

  @Test func `a task that is awaited is cancelled too`() async throws {
    let cleaned = Journal<Void>()
    let handle = createTask { try await sleepAndCleanUp { cleaned.note(()) } }
    await #expect(throws: TimeoutError.self) { try await withTimeout(.seconds(1)) { try await handle.value } }
    #expect(handle.isDone)
    #expect(cleaned.count == 1)
  }  // test_waitfor: test_wait_for

  @Test func `one in each operation of a gather`() async throws {
    let results = try await gather(1...5) { seconds -> Bool in
      do {
        try await withTimeout(.milliseconds(2500)) { try await sleep(for: .seconds(seconds)) }
        return true
      } catch is TimeoutError {
        return false
      }
    }
    #expect(results == [true, true, false, false, false])
  }

  @Test func `ten thousand that are not used up leave nothing behind`() async throws {
    _ = try await gather(0..<10_000) { _ in
      try await withTimeout(.seconds(1000)) { try await sleep(for: .seconds(1)) }
    }
    #expect(EventLoop.current?.timerCount == 0)
    #expect(LoopClock.now == .seconds(1))
  }
}

/// Where there is no loop.
struct TimeoutOffLoopTests {
  @Test(.timeLimit(.minutes(1))) func `off the loop it works too`() async throws {
    #expect(EventLoop.current == nil)
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(1)) { try await sleep(for: .seconds(1000)) }
    }
    #expect(try await withTimeout(.seconds(1000)) { 1 } == 1)
  }
}
