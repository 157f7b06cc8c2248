import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// How a loop ends before the last result.
@Suite(.virtualTime) struct AsCompletedEndingTests {
  @Test func `an error is thrown when its turn comes, and the rest is cancelled`() async throws {
    let cleaned = Journal<Int>()
    var results: [Int] = []
    do {
      for try await number in asCompleted([1, 2, 3, 4], { try await failsAtTwo($0) { cleaned.note($0) } }) {
        results.append(number)
      }
      Issue.record("no error was thrown")
    } catch {
      #expect(error as? TestFailure == TestFailure(2))
    }
    #expect(results == [1])
    #expect(LoopClock.now == .seconds(2))
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [3, 4])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `after an error there is nil, even where more results had come`() async throws {
    let results = asCompleted(0..<3) { number in
      if number == 1 { throw TestFailure(1) }
      return number
    }
    var iterator = results.makeAsyncIterator()
    #expect(try await iterator.next() == 0)
    await #expect(throws: TestFailure(1)) { try await iterator.next() }
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
  }

  @Test func `leaving the loop cancels the rest, which clean up by themselves`() async throws {
    let cleaned = Journal<Int>()
    for try await number in asCompleted([1, 0, 2, 3], { try await endsAtZero($0) { cleaned.note($0) } }) {
      #expect(number == 0)
      break
    }
    #expect(cleaned.count == 0)
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [1, 2, 3])
    #expect(EventLoop.current?.timerCount == 0)
  }  // here asyncio leaves the rest running

  @Test func `leaving the loop starts nothing more`() async throws {
    let started = Journal<Int>()
    let results = asCompleted(0..<1000, limit: 2) { number in
      started.note(number)
      try await sleep(for: .seconds(1))
    }
    for try await _ in results { break }
    try await sleep(for: .seconds(100))
    #expect(started.count <= 4)
  }

  @Test func `cancelling who iterates cancels the operations`() async throws {
    let cleaned = Journal<Int>()
    let results = Journal<Int>()
    let task = Task {
      for try await number in asCompleted([0, 1, 2], { try await endsAtZero($0) { cleaned.note($0) } }) {
        results.note(number)
      }
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(results.entries == [0])
    #expect(LoopClock.now == .seconds(1), "their cleanup goes on by itself")
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [1, 2])
  }  // test_tasks: BaseTaskTests.test_as_completed_async_iterator_cancelled_anext

  @Test func `after a cancellation there is nil`() async throws {
    let task = Task {
      var iterator = asCompleted([1], sleepThenReturn).makeAsyncIterator()
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      return try await iterator.next()
    }
    await settle()
    task.cancel()
    #expect(try await task.value == nil)
  }

  @Test func `in a cancelled task nothing is run`() async throws {
    let started = Journal<Int>()
    let task = Task {
      for try await _ in asCompleted(0..<3, { started.note($0) }) {}
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await settle()
    #expect(started.count == 0)
  }

  @Test func `results that nobody has taken go away`() async throws {
    let alive = Gauge()
    for try await _ in asCompleted(0..<3, { _ in CountedToken(alive) }) { break }
    await settle()
    #expect(alive.total == 3)
    #expect(alive.current == 0)
  }

  private final class CountedToken: Sendable {
    let gauge: Gauge

    init(_ gauge: Gauge) {
      self.gauge = gauge
      gauge.enter()
    }

    deinit { gauge.leave() }
  }
}

/// One ends after a second, two fails after two, all others wait and clean up.
private func failsAtTwo(_ number: Int, cleaned: (Int) -> Void) async throws -> Int {
  switch number {
  case 1, 2:
    try await sleep(for: .seconds(number))
    if number == 2 { throw TestFailure(2) }
  default: try await sleepAndCleanUp { cleaned(number) }
  }
  return number
}

/// Zero ends at once, all others wait and clean up.
private func endsAtZero(_ number: Int, cleaned: (Int) -> Void) async throws -> Int {
  if number != 0 { try await sleepAndCleanUp { cleaned(number) } }
  return number
}
