import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// How a loop ends before the last result.
@Suite(.virtualTime) struct ConcurrentMapEndingTests {
  @Test func `ordered, an error is thrown when its turn comes, and no more are started`() async throws {
    let started = Journal<Int>()
    let cleaned = Journal<Int>()
    var results: [Int] = []
    let numbers = (0..<100).concurrentMap(limit: 4) { number in
      started.note(number)
      switch number {
      case 0: try await sleep(for: .seconds(5))
      case 1: break
      case 2:
        try await sleep(for: .seconds(1))
        throw TestFailure(2)
      default: try await sleepAndCleanUp { cleaned.note(number) }
      }
      return number
    }
    do {
      for try await number in numbers { results.append(number) }
      Issue.record("no error was thrown")
    } catch {
      #expect(error as? TestFailure == TestFailure(2))
    }
    #expect(results == [0, 1])
    #expect(LoopClock.now == .seconds(5))
    #expect(started.entries == [0, 1, 2, 3])
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [3])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `unordered, an error is thrown when it comes`() async throws {
    let cleaned = Journal<Int>()
    let numbers = (0..<100).concurrentMap(limit: 4, ordered: false) { number in
      guard number == 2 else { return try await sleepAndCleanUp { cleaned.note(number) } }
      try await sleep(for: .seconds(1))
      throw TestFailure(2)
    }
    await #expect(throws: TestFailure(2)) { for try await _ in numbers {} }
    #expect(LoopClock.now == .seconds(1))
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [0, 1, 3])
  }

  @Test(arguments: [true, false]) func `after an error there is nil`(_ ordered: Bool) async throws {
    var iterator = (0..<10).concurrentMap(limit: 2, ordered: ordered) { number in
      if number == 1 { throw TestFailure(1) }
    }.makeAsyncIterator()
    try await iterator.next()
    do {
      try await iterator.next()
      Issue.record("no error was thrown")
    } catch {
      #expect(error as? TestFailure == TestFailure(1))
    }
    for _ in 0..<2 {
      let next: Void? = try await iterator.next()
      #expect(next == nil)
    }
  }

  @Test(arguments: [true, false]) func `leaving the loop cancels the rest, which clean up by themselves`(
    _ ordered: Bool
  )
    async throws
  {
    let cleaned = Journal<Int>()
    let numbers = (0..<100).concurrentMap(limit: 4, ordered: ordered) { number in
      if number != 0 { try await sleepAndCleanUp { cleaned.note(number) } }
      return number
    }
    for try await number in numbers {
      #expect(number == 0)
      break
    }
    #expect(cleaned.count == 0)
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries.sorted() == [1, 2, 3, 4])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `results that nobody has taken go away`() async throws {
    let tokens = Journal<WeakToken>()
    let results = (0..<10).concurrentMap(limit: 4) { _ in
      let token = Token()
      tokens.note(WeakToken(token: token))
      return token
    }
    for try await _ in results { break }
    #expect(tokens.count == 5)
    #expect(tokens.entries.allSatisfy { $0.token == nil })
  }

  @Test(arguments: [true, false]) func `cancelled meanwhile, it cancels the operations and throws`(
    _ ordered: Bool
  )
    async throws
  {
    let cleaned = Journal<Int>()
    let task = Task {
      let numbers = (0..<100).concurrentMap(limit: 3, ordered: ordered) { number in
        try await sleepAndCleanUp { cleaned.note(number) }
      }
      var iterator = numbers.makeAsyncIterator()
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      return try await iterator.next() == nil
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    #expect(try await task.value, "after a cancellation there is nil")
    #expect(LoopClock.now == .seconds(1), "their cleanup goes on by itself")
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [0, 1, 2])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `in a cancelled task nothing is taken and nothing run`() async throws {
    let taken = Journal<Int>()
    let task = Task {
      for try await _ in Arriving(onTake: { taken.note($0) }).concurrentMap(limit: 3, { taken.note($0) }) {}
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    let second = Task {
      for try await _ in (0..<3).concurrentMap(limit: 3, { taken.note($0) }) {}
    }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    #expect(taken.count == 0)
  }

  @Test func `cancelled at the instant at which a result comes, it throws`() async throws {
    let cancel = Journal<Task<Void, any Error>>()
    let results = Journal<Int>()
    let task = Task {
      let numbers = [1, 2].concurrentMap(limit: 2) { seconds in
        try await sleep(for: .seconds(seconds))
        // Runs before who waits for the result is woken.
        cancel.entries.first?.cancel()
        return seconds
      }
      for try await number in numbers { results.note(number) }
    }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(results.count == 0)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `cancelled by an operation that is being started, it starts no more and cancels that one`()
    async throws
  {
    let cancel = Journal<Task<Void, any Error>>()
    let cancelled = Journal<Int>()
    let task = Task {
      let numbers = (0..<10).concurrentMap(limit: 5) { number in
        if number == 2 { cancel.entries.first?.cancel() }
        do { try await sleep(for: .seconds(1000)) } catch { cancelled.note(number) }
      }
      for try await _ in numbers {}
    }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    await settle()
    #expect(cancelled.entries == [0, 1, 2])
    #expect(LoopClock.now == .seconds(0))
  }

  private struct WeakToken: Sendable {
    weak let token: Token?
  }
}
