import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// The scopes of timeouts that were not cancelled are used again; nobody may notice.
@Suite(.virtualTime) struct TimeoutReuseTests {
  @Test func `a timeout after another one has a deadline and surroundings of its own`() async throws {
    try await withTimeout(.seconds(10)) {}
    try await sleep(for: .seconds(1))
    let inner = try await withTimeout(.seconds(5)) { CancelScope.effectiveDeadline }
    #expect(inner == LoopClock.now.advanced(by: .seconds(5)))
    #expect(CancelScope.effectiveDeadline == nil)
    let outer = LoopClock.now.advanced(by: .seconds(2))
    let nested = try await withTimeout(.seconds(2)) {
      try await withTimeout(.seconds(50)) { CancelScope.effectiveDeadline }
    }
    #expect(nested == outer)
  }

  @Test func `who still has the scope of a timeout keeps it as it was`() async throws {
    let deadline = LoopClock.now.advanced(by: .seconds(10))
    // The task of the language carries the chain along, and outlives the body.
    let task = try await withTimeout(.seconds(10)) {
      Task {
        try await sleep(for: .seconds(1))
        return CancelScope.effectiveDeadline
      }
    }
    for _ in 0..<3 { try await withTimeout(.seconds(99)) {} }
    #expect(try await task.value == deadline)
  }

  @Test func `a body that waits after one that did not is cancelled in time`() async throws {
    for _ in 0..<3 {
      try await withTimeout(.seconds(10)) {}
      let start = LoopClock.now
      await #expect(throws: TimeoutError(after: .seconds(1))) {
        try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(60)) }
      }
      #expect(LoopClock.now == start.advanced(by: .seconds(1)))
      #expect(EventLoop.current?.timerCount == 0)
    }
  }

  @Test func `a body that waits after one that waited has its own time`() async throws {
    for _ in 0..<3 {
      try await withTimeout(.seconds(10)) { try await sleep(for: .seconds(1)) }
      #expect(EventLoop.current?.timerCount == 0)
      let start = LoopClock.now
      try await withTimeout(.seconds(30)) { try await sleep(for: .seconds(20)) }
      #expect(LoopClock.now == start.advanced(by: .seconds(20)))
      await #expect(throws: TimeoutError(after: .seconds(2))) {
        try await withTimeout(.seconds(2)) { try await sleep(for: .seconds(60)) }
      }
      #expect(LoopClock.now == start.advanced(by: .seconds(22)))
      #expect(EventLoop.current?.timerCount == 0)
    }
  }

  @Test func `the caller's cancellation reaches a body that waits after one that waited`() async throws {
    try await withTimeout(.seconds(10)) { try await sleep(for: .seconds(1)) }
    let task = createTask {
      try await withTimeout(.seconds(10)) { try await sleep(for: .seconds(1)) }
      try await withTimeout(.seconds(50)) { try await sleep(for: .seconds(40)) }
    }
    try await sleep(for: .seconds(5))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `in a cancelled task the body begins cancelled, and in the next one it does not`() async throws {
    try await withTimeout(.seconds(10)) {}
    let cancelled = createTask {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      return try await withTimeout(.seconds(10)) { Task.isCancelled }
    }
    #expect(try await cancelled.value)
    #expect(try await withTimeout(.seconds(10)) { !Task.isCancelled })
  }
}

@Suite(.timeLimit(.minutes(1))) struct TimeoutLoopTests {
  @Test func `a loop whose timeouts have waited goes away`() async throws {
    weak var loop: EventLoop?
    let strong = try await onTwoLoops { _ in
      try await withTimeout(.seconds(10)) { try await checkpoint() }
      return EventLoop.current
    }
    loop = strong
    #expect(loop != nil)
    _ = consume strong
    // Its thread lets go of it last.
    while loop != nil { try await checkpoint() }
  }
}
