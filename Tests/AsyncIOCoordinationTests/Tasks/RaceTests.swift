import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct RaceTests {
  @Test func `the first to end wins`() async throws {
    let winner = try await race(
      {
        try await sleep(for: .seconds(3))
        return "slow"
      },
      {
        try await sleep(for: .seconds(1))
        return "fast"
      })
    #expect(winner == "fast")
    #expect(LoopClock.now == .seconds(1))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: BaseTaskTests.test_wait_first_completed

  @Test func `elements race under one operation`() async throws {
    #expect(try await race([3, 1, 2], sleepThenReturn) == 1)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `an array of operations races`() async throws {
    let operations: [@Sendable () async throws -> Int] = [3, 1, 2].map { seconds in
      { try await sleepThenReturn(seconds) }
    }
    #expect(try await race(operations) == 1)
    #expect(try await race(operations, until: .firstSuccess) == 1)
  }

  @Test(arguments: [RaceRule.firstCompleted, .firstSuccess])
  func `of those that end at the same instant the first in order wins`(_ rule: RaceRule) async throws {
    let winner = try await race(0..<10, until: rule) { number in
      try await sleep(for: .seconds(1))
      return number
    }
    #expect(winner == 0)
  }

  @Test(arguments: [RaceRule.firstCompleted, .firstSuccess])
  func `one that need not wait wins before the next is started`(_ rule: RaceRule) async throws {
    let started = Journal<Int>()
    let others = Journal<Void>()
    Task { others.note(()) }
    let winner = try await race(0..<1000, until: rule) { number in
      started.note(number)
      if number < 2 { try await sleep(for: .seconds(1)) }
      return number
    }
    #expect(winner == 2)
    #expect(started.entries == [0, 1, 2])
  }  // tokio: select! with biased polls in order, and no branch after the one that is ready

  @Test func `elements after the one that has won are not asked for`() async throws {
    #expect(try await race(sequence(first: 0) { $0 + 1 }) { $0 } == 0)
    #expect(try await race(sequence(first: 0) { $0 + 1 }, until: .firstSuccess, failsBelowFive) == 5)
  }

  @Test func `where the first need not wait, the caller does not give way`() async throws {
    let others = Journal<Void>()
    Task { others.note(()) }
    #expect(try await race({ 1 }, { 2 }) == 1)
    #expect(others.count == 0)
  }

  @Test func `one operation is a race of one`() async throws {
    #expect(try await race({ 7 }) == 7)
    #expect(try await race([1], sleepThenReturn) == 1)
    await #expect(throws: TestFailure(1)) { try await race([1]) { throw TestFailure($0) } }
  }

  @Test func `losers are cancelled and awaited`() async throws {
    let cleaned = Journal<Int>()
    let winner = try await race(0..<4) { number in
      guard number == 2 else {
        try await sleepAndCleanUp { cleaned.note(number) }
        return -1
      }
      try await sleep(for: .seconds(5))
      return number
    }
    #expect(winner == 2)
    #expect(cleaned.entries == [0, 1, 3])
    #expect(LoopClock.now == .seconds(6))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `losers that end well, or with errors, change nothing`() async throws {
    let winner = try await race(0..<3) { number in
      try? await sleep(for: .seconds(1 + number))
      if number == 2 { throw TestFailure(number) }
      return number
    }
    #expect(winner == 0)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `operations see the caller's task-local values and loop`() async throws {
    let loop = try #require(EventLoop.current)
    let seen = try await Local.$value.withValue(7) {
      try await race([1]) { _ in
        try await sleep(for: .seconds(1))
        #expect(loop.isCurrent)
        return Local.value
      }
    }
    #expect(seen == 7)
  }

  @Test func `what losers return goes away, the winner's value with the caller's`() async throws {
    weak var won: Token?
    let lost = Journal<WeakToken>()
    do {
      let token = try await race(0..<3) { number in
        try? await sleep(for: .seconds(1 + number))
        let token = Token()
        lost.note(WeakToken(token: token))
        return token
      }
      won = token
      #expect(won != nil)
    }
    await settle()
    #expect(won == nil)
    #expect(lost.entries.allSatisfy { $0.token == nil })
  }

  @Test(.realTime, .deadline(.seconds(60))) func `no operations are refused`() async {
    await #expect(processExitsWith: .failure) { _ = try await race([Int]()) { $0 } }
  }

  private enum Local {
    @TaskLocal static var value = 0
  }

  private struct WeakToken: Sendable {
    weak let token: Token?
  }
}

/// Away from any loop of ours.
struct RaceOnStockExecutorTests {
  @Test func `the first to end wins, and the losers have ended`() async throws {
    let running = Gauge()
    let winner = try await race(0..<10) { number in
      await running.inside {
        var turns = number == 7 ? 3 : 1_000_000
        while turns > 0, !Task.isCancelled {
          await Task.yield()
          turns -= 1
        }
        return number
      }
    }
    #expect((0..<10).contains(winner))
    #expect(running.current == 0)
  }
}

private func failsBelowFive(_ number: Int) async throws -> Int {
  if number < 5 { throw TestFailure(number) }
  return number
}
