import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// How a gather ends that does not end well.
@Suite(.virtualTime) struct GatherEndingTests {
  @Test func `the first error cancels the others, waits for their cleanup, and is thrown`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(2)) {
      try await gather([1, 2, 3]) { number in
        guard number != 2 else {
          try await sleep(for: .seconds(5))
          throw TestFailure(2)
        }
        try await sleepAndCleanUp { cleaned.note(number) }
      }
    }
    #expect(cleaned.entries == [1, 3])
    #expect(LoopClock.now == .seconds(6))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: GatherTestsBase.test_one_exception, where the others go on

  @Test func `errors that the others throw while they end are dropped`() async throws {
    await #expect(throws: TestFailure(0)) {
      try await gather(0..<5) { number in
        guard number != 0 else { throw TestFailure(0) }
        do { try await sleep(for: .seconds(1)) } catch { throw TestFailure(number) }
      }
    }
  }

  @Test func `of two errors at the same instant the first is thrown`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await gather([1, 2]) { number in
        try await sleep(for: .seconds(1))
        throw TestFailure(number)
      }
    }
  }

  @Test(arguments: [nil, 1, 3]) func `after an error nothing more is started`(_ limit: Int?) async throws {
    let started = Journal<Int>()
    await #expect(throws: TestFailure(2)) {
      try await gather(0..<1000, limit: limit) { number in
        started.note(number)
        if number == 2 { throw TestFailure(2) }
      }
    }
    #expect(started.entries == [0, 1, 2])
  }

  @Test func `others that end well after the first error do not hide it`() async throws {
    await #expect(throws: TestFailure(0)) {
      try await gather(0..<3) { number in
        guard number != 0 else { throw TestFailure(0) }
        try? await sleep(for: .seconds(1000))
      }
    }
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `an operation that throws a CancellationError of its own ends the gather with it`() async throws
  {
    await #expect(throws: CancellationError.self) {
      try await gather(0..<3) { number in
        if number == 1 { throw CancellationError() }
        try await sleep(for: .seconds(1000))
      }
    }
    #expect(!Task.isCancelled)
    #expect(LoopClock.now == .seconds(0))
  }  // test_tasks: FutureGatherTests.test_one_cancellation

  @Test func `cancelling it cancels all operations and waits for their cleanup`() async throws {
    let cleaned = Journal<Int>()
    let task = Task {
      try await gather(0..<5) { number in try await sleepAndCleanUp { cleaned.note(number) } }
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.entries == [0, 1, 2, 3, 4])
    #expect(LoopClock.now == .seconds(4))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: CoroutineGatherTests.test_cancellation_broadcast

  @Test func `cancelled, it throws although every operation has suppressed it`() async throws {
    let ended = Journal<Int>()
    let task = Task {
      try await gather(0..<5) { number in
        try? await sleep(for: .seconds(1000))
        ended.note(number)
        return number
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ended.count == 5)
  }  // test_tasks: BaseTaskTests.test_cancel_gather_2

  @Test func `cancelled, it throws a CancellationError and not an operation's error`() async throws {
    let task = Task {
      try await gather(0..<5) { number in
        do { try await sleep(for: .seconds(1000)) } catch { throw TestFailure(number) }
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `cancelled before it starts, it runs nothing`() async throws {
    let started = Journal<Int>()
    let task = Task { try await gather(0..<5) { started.note($0) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.count == 0)
  }

  @Test func `cancelled while it starts, it starts no more`() async throws {
    let started = Journal<Int>()
    let cancel = Journal<Task<[Void], any Error>>()
    let task = Task {
      try await gather(0..<1000) { number in
        started.note(number)
        if number == 100 { cancel.entries.first?.cancel() }
      }
    }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.entries == Array(0...100))
  }

  @Test func `cancelled after its end, nothing happens`() async throws {
    let task = Task { try await gather(0..<3) { $0 } }
    #expect(try await task.value == [0, 1, 2])
    task.cancel()
    #expect(try await task.value == [0, 1, 2])
  }  // test_tasks: BaseTaskTests.test_cancel_gather_1

  @Test func `an error in an inner gather ends the outer one`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(4)) {
      try await gather(0..<3) { row in
        try await gather(0..<3) { column in
          if row == 1, column == 1 {
            try await sleep(for: .seconds(1))
            throw TestFailure(4)
          }
          try await sleepAndCleanUp { cleaned.note(row * 3 + column) }
        }
      }
    }
    #expect(cleaned.entries.sorted() == [0, 1, 2, 3, 5, 6, 7, 8])
    #expect(LoopClock.now == .seconds(3), "the inner one has waited for its cleanup first")
  }

  @Test func `results of a gather that failed go away`() async throws {
    let tokens = Journal<WeakToken>()
    await #expect(throws: TestFailure(1)) {
      try await gather(0..<2) { number in
        try await sleep(for: .seconds(number))
        if number == 1 { throw TestFailure(1) }
        let token = Token()
        tokens.note(WeakToken(token: token))
        return token
      }
    }
    await settle()
    #expect(tokens.count == 1)
    #expect(tokens.entries.allSatisfy { $0.token == nil })
  }

  private struct WeakToken: Sendable {
    weak let token: Token?
  }
}
