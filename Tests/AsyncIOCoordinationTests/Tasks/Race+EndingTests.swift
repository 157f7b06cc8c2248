import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// How a race ends that nobody wins, or whose caller is cancelled.
@Suite(.virtualTime) struct RaceEndingTests {
  @Test func `by the first end an error decides, and the others are cancelled and awaited`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(1)) {
      try await race(0..<3) { number in
        guard number == 1 else { return try await sleepAndCleanUp { cleaned.note(number) } }
        try await sleep(for: .seconds(1))
        throw TestFailure(number)
      }
    }
    #expect(cleaned.entries == [0, 2])
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `by the first success errors are passed over`() async throws {
    let winner = try await race([1, 2, 3, 1000], until: .firstSuccess) { seconds in
      try await sleep(for: .seconds(seconds))
      if seconds < 3 { throw TestFailure(seconds) }
      return seconds
    }
    #expect(winner == 3)
    #expect(LoopClock.now == .seconds(3))
  }

  @Test func `by the first success an error that comes at once is passed over`() async throws {
    #expect(try await race({ throw TestFailure(1) }, { 2 }, { 3 }, until: .firstSuccess) == 2)
    await #expect(throws: TestFailure(1)) { try await race({ throw TestFailure(1) }, { 2 }) }
  }

  @Test func `if none succeeds all errors are thrown, in the order in which they came`() async throws {
    let group = await #expect(throws: ErrorGroup.self) {
      try await race([3, 1, 2], until: .firstSuccess) { seconds in
        try await sleep(for: .seconds(seconds))
        throw TestFailure(seconds)
      }
    }
    #expect(group?.errors(of: TestFailure.self) == [TestFailure(1), TestFailure(2), TestFailure(3)])
    #expect(LoopClock.now == .seconds(3))
  }

  @Test func `the one error is thrown as itself`() async throws {
    await #expect(throws: TestFailure(7)) {
      try await race([7], until: .firstSuccess) { throw TestFailure($0) }
    }
  }

  @Test func `an operation's own CancellationError is an error as others are`() async throws {
    await #expect(throws: CancellationError.self) {
      try await race({ throw CancellationError() }, { try await sleep(for: .seconds(1)) })
    }
    #expect(!Task.isCancelled)
    #expect(try await race({ throw CancellationError() }, { 1 }, until: .firstSuccess) == 1)
  }

  @Test func `cancelled before it starts, it runs nothing`() async throws {
    let started = Journal<Int>()
    let task = Task { try await race(0..<5) { started.note($0) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.count == 0)
  }

  @Test(arguments: [RaceRule.firstCompleted, .firstSuccess])
  func `cancelled meanwhile, it cancels all and waits for their cleanup`(_ rule: RaceRule) async throws {
    let cleaned = Journal<Int>()
    let task = Task {
      try await race(0..<5, until: rule) { number in try await sleepAndCleanUp { cleaned.note(number) } }
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.entries == [0, 1, 2, 3, 4])
    #expect(LoopClock.now == .seconds(4))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `cancelled, it throws whatever the operations make of it`() async throws {
    let task = Task {
      try await race(0..<5) { number in
        do { try await sleep(for: .seconds(1000)) } catch { if number > 2 { throw TestFailure(number) } }
        return number
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `cancelled by an operation that is being started, it starts no more and cancels that one`()
    async throws
  {
    let started = Journal<Int>()
    let cancelled = Journal<Int>()
    let cancel = Journal<Task<Void, any Error>>()
    let task = Task {
      try await race(0..<10) { number in
        started.note(number)
        if number == 3 { cancel.entries.first?.cancel() }
        do { try await sleep(for: .seconds(1000)) } catch { cancelled.note(number) }
      }
    }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.entries == [0, 1, 2, 3])
    #expect(cancelled.entries.sorted() == [0, 1, 2, 3])
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `cancelled at the instant at which it is decided, but later, it returns what was won`()
    async throws
  {
    let cancel = Journal<Task<Int, any Error>>()
    let task = Task {
      try await race([1, 1000]) { seconds in
        try? await sleep(for: .seconds(seconds))
        // The loser is the first to hear of the decision.
        if seconds == 1000 { cancel.entries.first?.cancel() }
        return seconds
      }
    }
    cancel.note(task)
    #expect(try await task.value == 1)
  }

  @Test func `cancelled while the losers clean up, it waits for them and returns what was won`() async throws
  {
    let task = Task {
      let winner = try await race([1, 1000]) { seconds in
        do { try await sleep(for: .seconds(seconds)) } catch { await sleepUncancelled(for: .seconds(10)) }
        return seconds
      }
      #expect(Task.isCancelled)
      return winner
    }
    try await sleep(for: .seconds(5))
    task.cancel()
    #expect(try await task.value == 1)
    #expect(LoopClock.now == .seconds(11))
  }

  @Test func `cancelled at the instant at which it would be decided, but earlier, it throws`() async throws {
    let loop = try #require(EventLoop.current)
    let cancel = Journal<Task<Int, any Error>>()
    // This timer was set first, and so fires first.
    loop.callLater(.seconds(1)) { cancel.entries.first?.cancel() }
    let task = Task { try await race([1, 1000], sleepThenReturn) }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `cancelled after its end, nothing happens`() async throws {
    let task = Task { try await race({ 1 }, { 2 }) }
    #expect(try await task.value == 1)
    task.cancel()
    #expect(try await task.value == 1)
  }

  @Test func `when its loop ends, a race that was left ends with it`() async throws {
    let cleaned = Journal<Int>()
    _ = try await onVirtualLoop {
      createTask {
        try await race(0..<3) { number in try await sleepAndCleanUp { cleaned.note(number) } }
      }
      await giveWay()
      await giveWay()
    }
    #expect(cleaned.entries == [0, 1, 2])
  }
}
