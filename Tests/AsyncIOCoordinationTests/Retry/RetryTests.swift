import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct RetryTests {
  private let second = Backoff.constant(.seconds(1))

  @Test func `it tries until one succeeds`() async throws {
    let seen = Journal<Int>()
    let result = try await retry(
      attempts: 5, backoff: .exponential(from: .seconds(1), to: .seconds(9), jitter: .none)
    ) {
      attempt in
      seen.note(attempt)
      if attempt < 4 { throw TestFailure(attempt) }
      return "done"
    }
    #expect(result == "done")
    #expect(seen.entries == [1, 2, 3, 4])
    #expect(LoopClock.now == .seconds(7), "1 + 2 + 4")
  }  // tenacity: wait_exponential

  @Test func `the error of the last attempt is thrown as itself`() async throws {
    await #expect(throws: TestFailure(3)) {
      try await retry(attempts: 3, backoff: second) { attempt in throw TestFailure(attempt) }
    }
    #expect(LoopClock.now == .seconds(2), "there is no sleep after the last")
  }  // tenacity: reraise

  @Test func `what succeeds at once needs neither a timer nor a task`() async throws {
    #expect(try await retry { 1 } == 1)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `only errors that may go away are tried again`() async throws {
    let tried = Gauge()
    await #expect(throws: TestFailure(2)) {
      try await retry(attempts: 5, backoff: second, when: { ($0 as? TestFailure)?.number == 1 }) { attempt in
        tried.enter()
        throw TestFailure(attempt)
      }
    }
    #expect(tried.total == 2)
  }  // tenacity: retry_if_exception

  @Test func `a cancellation is never tried again`() async throws {
    let tried = Gauge()
    await #expect(throws: CancellationError.self) {
      try await retry(attempts: 5, backoff: second) {
        tried.enter()
        throw CancellationError()
      }
    }
    #expect(tried.total == 1)
  }

  @Test func `cancelled before, the first attempt finds it, and there is no other`() async throws {
    let tried = Gauge()
    let task = Task {
      try await retry(attempts: 5, backoff: .none) {
        tried.enter()
        throw TestFailure(1)
      }
    }
    task.cancel()
    await #expect(throws: TestFailure(1)) { try await task.value }
    #expect(tried.total == 1)
  }

  @Test func `cancelled in an attempt, what that throws is thrown`() async throws {
    let tried = Gauge()
    let task = Task {
      try await retry(attempts: 5, backoff: second) {
        tried.enter()
        do { try await sleep(for: .seconds(9)) } catch { throw TestFailure(1) }
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: TestFailure(1)) { try await task.value }
    #expect(tried.total == 1)
  }

  @Test func `cancelled while it waits, it throws a CancellationError, and no timer is left`() async throws {
    let tried = Gauge()
    let task = Task {
      try await retry(attempts: 5, backoff: second) {
        tried.enter()
        throw TestFailure(1)
      }
    }
    await settle()
    #expect(EventLoop.current?.timerCount == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(tried.total == 1)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `cancelled at the instant at which the wait ends, there is no other attempt`() async throws {
    let tried = Gauge()
    let cancel = Journal<Task<Void, any Error>>()
    // The callback runs between the timer of the wait and the task that it wakes.
    EventLoop.current?.callLater(.seconds(1)) { cancel.entries.first?.cancel() }
    let task = Task {
      try await retry(attempts: 5, backoff: second) {
        tried.enter()
        throw TestFailure(1)
      }
    }
    cancel.note(task)
    _ = await task.result
    #expect(tried.total == 1)
  }

  @Test func `a timeout of an attempt is an error like others`() async throws {
    let seen = Journal<Int>()
    let result = try await retry(attempts: 3, backoff: second, attemptTimeout: .seconds(2)) { attempt in
      seen.note(attempt)
      if attempt < 3 { try await sleep(for: .seconds(60)) }
      return attempt
    }
    #expect(result == 3)
    #expect(LoopClock.now == .seconds(6), "two timeouts and two waits")
    await #expect(throws: TimeoutError.self) {
      try await retry(attempts: 3, when: { !($0 is TimeoutError) }) {
        seen.note(10)
        try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(60)) }
      }
    }
    #expect(seen.entries == [1, 2, 3, 10])
  }

  @Test func `a timeout around it is never tried again`() async throws {
    let tried = Gauge()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(5)) {
        try await retry(attempts: 5, backoff: second) {
          tried.enter()
          try await sleep(for: .seconds(60))
        }
      }
    }
    #expect(tried.total == 1)
    #expect(LoopClock.now == .seconds(5))
  }

  @Test(arguments: [false, true])
  func `it does not sleep beyond a deadline, its own or one around it`(_ isItsOwn: Bool) async throws {
    let tried = Gauge()
    let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(60), jitter: .none)
    let operation: @Sendable () async throws -> Void = {
      tried.enter()
      throw TestFailure(tried.total)
    }
    await #expect(throws: TestFailure(3)) {
      if isItsOwn {
        try await retry(attempts: 10, backoff: backoff, timeout: .seconds(7)) { try await operation() }
      } else {
        try await withTimeout(.seconds(7)) {
          try await retry(attempts: 10, backoff: backoff) { try await operation() }
        }
      }
    }
    #expect(LoopClock.now == .seconds(3), "1 + 2, and no wait of 4 up to the very end")
  }

  @Test func `its own timeout ends an attempt`() async throws {
    await #expect(throws: TimeoutError.self) {
      try await retry(attempts: 5, backoff: second, timeout: .seconds(3)) { attempt in
        if attempt == 1 { throw TestFailure(1) }
        try await sleep(for: .seconds(60))
      }
    }
    #expect(LoopClock.now == .seconds(3))
  }

  @Test func `the error may say how long to wait`() async throws {
    let start = LoopClock.now
    try await retry(
      attempts: 4, backoff: second,
      retryAfter: { ($0 as? TestFailure).flatMap { $0.number == 2 ? .seconds(30) : nil } }
    ) { attempt in
      if attempt < 4 { throw TestFailure(attempt) }
    }
    #expect(start.duration(to: .now) == .seconds(32))
  }  // RFC 9110, 10.2.3: Retry-After

  @Test func `each failure is told, with what follows`() async throws {
    let told = Journal<String>()
    let note: @Sendable (FailedAttempt) -> Void = {
      told.note("\($0.number) \(($0.error as? TestFailure)?.number ?? -1) \($0.elapsed) \($0.next)")
    }
    try? await retry(attempts: 2, backoff: second, onFailure: note) { throw TestFailure($0) }
    try? await retry(when: { _ in false }, onFailure: note) { throw TestFailure($0) }
    try? await retry(backoff: second, timeout: .seconds(1), onFailure: note) { throw TestFailure($0) }
    let module = "AsyncIOCoordination.FailedAttempt"
    #expect(
      told.entries == [
        "1 1 0.0 seconds retries(after: 1.0 seconds)", "2 2 1.0 seconds givesUp(\(module).Reason.attempts)",
        "1 1 0.0 seconds givesUp(\(module).Reason.notRetryable)",
        "1 1 0.0 seconds givesUp(\(module).Reason.deadline)",
      ])
  }  // tenacity: before_sleep

  @Test func `what the hook throws is thrown`() async throws {
    let tried = Gauge()
    await #expect(throws: TestFailure(9)) {
      try await retry(onFailure: { _ in throw TestFailure(9) }) {
        tried.enter()
        throw TestFailure(1)
      }
    }
    #expect(tried.total == 1)
  }

  @Test @MainActor func `its parts run where their caller runs, and use what it may use`() async throws {
    var steps = 0
    try await retry(
      backoff: .none,
      when: { _ in
        steps += 1
        return true
      }, onFailure: { _ in MainActor.assertIsolated() }
    ) { attempt in
      MainActor.assertIsolated()
      steps += 10
      if attempt == 1 { throw TestFailure(1) }
    }
    #expect(steps == 21)
  }

  @Test func `many at once come at different times`() async throws {
    let times = Journal<LoopClock.Instant>()
    _ = try await gather(0..<100) { _ in
      try await retry(backoff: .exponential(from: .seconds(1), to: .seconds(10), jitter: .full)) { attempt in
        if attempt == 1 { throw TestFailure(1) }
        times.note(.now)
      }
    }
    #expect(Set(times.entries).count > 90)
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await retry(attempts: 0) {}
    }
    #expect(none.says("a retry makes 1 attempt or more, not 0"))
  }
}
