import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct StaggeredRaceTests {
  @Test func `one that succeeds at once starts no other`() async throws {
    let started = Journal<Int>()
    let (winner, index, errors) = try await staggeredRace([0, 1], delay: nil) { number in
      started.note(number)
      return "Res: \(number)"
    }
    #expect(winner == "Res: 0")
    #expect(index == 0)
    #expect(errors.count == 1)
    #expect(errors[0] == nil)
    #expect(started.entries == [0])
  }  // test_staggered: StaggeredTests.test_one_successful

  @Test func `the next starts as soon as the one before has failed`() async throws {
    let (winner, index, errors) = try await staggeredRace([0, 1], delay: nil) { number in
      if number == 0 { throw TestFailure(number) }
      return "Res: \(number)"
    }
    #expect(winner == "Res: 1")
    #expect(index == 1)
    #expect(errors.count == 2)
    #expect(errors[0] as? TestFailure == TestFailure(0))
    #expect(errors[1] == nil)
  }  // test_staggered: StaggeredTests.test_first_error_second_successful

  @Test func `the next starts when the delay is over, and what it beats is cancelled`() async throws {
    let (winner, index, errors) = try await staggeredRace([0, 1], delay: .milliseconds(100)) { number in
      if number == 0 { try await sleep(for: .seconds(10)) }
      return "Res: \(number)"
    }
    #expect(winner == "Res: 1")
    #expect(index == 1)
    #expect(errors.count == 2)
    #expect(errors[0] is CancellationError)
    #expect(errors[1] == nil)
    #expect(LoopClock.now == .milliseconds(100))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_staggered: StaggeredTests.test_first_timeout_second_successful

  @Test(arguments: [nil, .zero, .seconds(1)] as [Duration?])
  func `if none succeeds all errors are thrown`(_ delay: Duration?) async throws {
    let group = await #expect(throws: ErrorGroup.self) {
      try await staggeredRace([0, 1], delay: delay) { throw TestFailure($0) }
    }
    #expect(group?.errors(of: TestFailure.self) == [TestFailure(0), TestFailure(1)])
    #expect(LoopClock.now == .seconds(0))
    await #expect(throws: TestFailure(7)) {
      try await staggeredRace([7], delay: delay) { throw TestFailure($0) }
    }
  }  // test_staggered: StaggeredTests.test_none_successful

  @Test(.realTime, .deadline(.seconds(60))) func `no operations are refused`() async {
    await #expect(processExitsWith: .failure) { _ = try await staggeredRace([Int](), delay: nil) { $0 } }
  }  // test_staggered: StaggeredTests.test_empty, where nothing is returned

  @Test func `without a delay they run one after another`() async throws {
    let starts = Journal<LoopClock.Instant>()
    let (winner, _, _) = try await staggeredRace(1...4, delay: nil) { seconds in
      starts.note(.now)
      try await sleep(for: .seconds(seconds))
      if seconds < 4 { throw TestFailure(seconds) }
      return seconds
    }
    #expect(winner == 4)
    #expect(starts.entries == [.seconds(0), .seconds(1), .seconds(3), .seconds(6)])
  }

  @Test func `with a delay they start at that distance, and the first success wins`() async throws {
    let starts = Journal<LoopClock.Instant>()
    let (winner, index, errors) = try await staggeredRace([10, 5, 3, 10], delay: .seconds(1)) { seconds in
      starts.note(.now)
      try await sleep(for: .seconds(seconds))
      return seconds
    }
    #expect(winner == 3)
    #expect(index == 2)
    #expect(starts.entries == [.seconds(0), .seconds(1), .seconds(2), .seconds(3)])
    #expect(errors.map { $0 is CancellationError } == [true, true, false, true])
    #expect(LoopClock.now == .seconds(5))
  }

  @Test func `a delay of zero starts all at once`() async throws {
    let starts = Journal<LoopClock.Instant>()
    let (winner, _, errors) = try await staggeredRace([2, 1, 3], delay: .zero) { seconds in
      starts.note(.now)
      return try await sleepThenReturn(seconds)
    }
    #expect(winner == 1)
    #expect(starts.entries == [.seconds(0), .seconds(0), .seconds(0)])
    #expect(errors.count == 3)
  }

  @Test func `a failure starts the next before its delay is over, which then has a whole delay`() async throws
  {
    let starts = Journal<LoopClock.Instant>()
    let (winner, _, _) = try await staggeredRace(0..<4, delay: .seconds(10)) { number in
      starts.note(.now)
      switch number {
      case 0:
        try await sleep(for: .seconds(4))
        throw TestFailure(0)
      case 3: return 3
      default: return try await sleepThenReturn(1000)
      }
    }
    #expect(winner == 3)
    #expect(starts.entries == [.seconds(0), .seconds(4), .seconds(14), .seconds(24)])
  }

  @Test func `a failure before the delay is over leaves no timer`() async throws {
    let (_, index, _) = try await staggeredRace(0..<3, delay: .seconds(1000)) { number in
      if number == 2 { return }
      try await sleep(for: .seconds(1))
      throw TestFailure(number)
    }
    #expect(index == 2)
    #expect(LoopClock.now == .seconds(2))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `the failure of one that was started earlier starts nothing`() async throws {
    let starts = Journal<LoopClock.Instant>()
    let (winner, _, _) = try await staggeredRace(0..<3, delay: .seconds(10)) { number in
      starts.note(.now)
      switch number {
      case 0:
        try await sleep(for: .seconds(14))
        throw TestFailure(0)
      case 1: return try await sleepThenReturn(1000)
      default: return 2
      }
    }
    #expect(winner == 2)
    #expect(starts.entries == [.seconds(0), .seconds(10), .seconds(20)])
  }

  @Test func `when all that run have failed, the last of them to be started has started the next`()
    async throws
  {
    let (winner, index, errors) = try await staggeredRace(0..<3, delay: .seconds(1)) { number in
      if number == 2 { return number }
      try await sleep(for: .milliseconds(number == 0 ? 1200 : 400))
      throw TestFailure(number)
    }
    #expect(winner == 2)
    #expect(index == 2)
    #expect(errors.map { ($0 as? TestFailure)?.number } == [0, 1, nil])
    #expect(LoopClock.now == .milliseconds(1400))
  }

  @Test func `losers are awaited, and nobody is started meanwhile`() async throws {
    let cleaned = Journal<Int>()
    let started = Journal<Int>()
    let (winner, _, _) = try await staggeredRace(0..<10, delay: .milliseconds(100)) { number in
      started.note(number)
      if number == 1 { return 1 }
      try await sleepAndCleanUp { cleaned.note(number) }
      return number
    }
    #expect(winner == 1)
    #expect(cleaned.entries == [0])
    #expect(started.entries == [0, 1])
    #expect(LoopClock.now == .milliseconds(1100))
  }

  @Test func `a value that comes too late is dropped, and leaves no error`() async throws {
    let (winner, index, errors) = try await staggeredRace([0, 1], delay: .seconds(1)) { number in
      if number == 0 { try? await sleep(for: .seconds(1000)) }
      return number
    }
    #expect(winner == 1)
    #expect(index == 1)
    #expect(errors.count == 2)
    #expect(errors.allSatisfy { $0 == nil })
  }

  @Test func `an array of operations`() async throws {
    let operations: [@Sendable () async throws -> Int] = [{ throw TestFailure(0) }, { 1 }]
    let (winner, index, errors) = try await staggeredRace(operations, delay: nil)
    #expect(winner == 1)
    #expect(index == 1)
    #expect(errors.count == 2)
  }
}

/// What becomes of a staggered race whose caller is cancelled.
@Suite(.virtualTime) struct StaggeredRaceCancellationTests {
  @Test func `cancelled before it starts, it runs nothing`() async throws {
    let started = Journal<Int>()
    let task = Task { try await staggeredRace(0..<5, delay: nil) { started.note($0) }.index }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.count == 0)
  }

  @Test(arguments: [nil, .seconds(2)] as [Duration?])
  func `cancelled between two starts, it starts no more and waits for the cleanup`(_ delay: Duration?)
    async throws
  {
    let started = Journal<Int>()
    let cleaned = Journal<Int>()
    let task = Task {
      try await staggeredRace(0..<10, delay: delay) { number in
        started.note(number)
        try await sleepAndCleanUp { cleaned.note(number) }
      }.index
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.entries == (delay == nil ? [0] : [0, 1]))
    #expect(cleaned.entries == started.entries)
    #expect(LoopClock.now == .seconds(4))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `cancelled when all have been started, it waits for the cleanup`() async throws {
    let cleaned = Journal<Int>()
    let task = Task {
      try await staggeredRace(0..<3, delay: .zero) { number in
        try await sleepAndCleanUp { cleaned.note(number) }
      }.index
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.entries == [0, 1, 2])
  }

  @Test func `cancelled at the instant of the next start, but earlier, it starts no more`() async throws {
    let loop = try #require(EventLoop.current)
    let started = Journal<Int>()
    let cancel = Journal<Task<Int, any Error>>()
    // This timer was set first, and so fires first.
    loop.callLater(.seconds(1)) { cancel.entries.first?.cancel() }
    let task = Task {
      try await staggeredRace(0..<3, delay: .seconds(1)) { number in
        started.note(number)
        try await sleep(for: .seconds(1000))
      }.index
    }
    cancel.note(task)
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.entries == [0])
  }

  @Test func `cancelled when it was decided, it waits for the losers and returns what was won`() async throws
  {
    let task = Task {
      try await staggeredRace([0, 1], delay: .seconds(1)) { number in
        if number == 0 {
          do { try await sleep(for: .seconds(1000)) } catch { await sleepUncancelled(for: .seconds(10)) }
        }
        return number
      }.value
    }
    try await sleep(for: .seconds(5))
    task.cancel()
    #expect(try await task.value == 1)
    #expect(LoopClock.now == .seconds(11))
  }

  @Test func `cancelled after its end, nothing happens`() async throws {
    let task = Task { try await staggeredRace([1], delay: nil) { $0 }.value }
    #expect(try await task.value == 1)
    task.cancel()
    #expect(try await task.value == 1)
  }
}

extension LoopClock.Instant {
  /// An instant after the beginning of virtual time.
  static func milliseconds(_ milliseconds: Int) -> Self {
    Self(nanoseconds: 0).advanced(by: .milliseconds(milliseconds))
  }
}
