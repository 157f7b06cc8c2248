import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncBarrierTests {
  @Test func `all wait for the last, and each has a number`() async throws {
    let barrier = AsyncBarrier(parties: 3)
    let passed = Gauge()
    let tasks = (0..<2).map { _ in
      Task {
        defer { passed.enter() }
        return try await barrier.wait()
      }
    }
    await settle()
    #expect(passed.total == 0)
    #expect(barrier.statistics == .init(waiting: 2, blocked: 0, phase: "filling"))
    #expect(try await barrier.wait() == 2)
    #expect(try await tasks[0].value == 0)
    #expect(try await tasks[1].value == 1)
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "filling"))
    #expect(!barrier.isBroken)
  }  // test_locks: BarrierTests.test_filling_task_by_task, test_context_manager

  @Test func `one party does not wait, however often`() async throws {
    let barrier = AsyncBarrier(parties: 1)
    #expect(try await barrier.wait() == 0)
    #expect(try await barrier.wait() == 0)
    #expect(barrier.statistics.waiting == 0)
  }  // test_locks: BarrierTests.test_filling_one_task, test_filling_one_task_twice

  @Test func `it can be used again and again`() async throws {
    let barrier = AsyncBarrier(parties: 5)
    let rounds = Journal<Int>()
    _ = try await gather(0..<5) { _ in
      for round in 0..<10 {
        try await barrier.wait()
        rounds.note(round)
      }
    }
    #expect(rounds.entries == (0..<10).flatMap { Array(repeating: $0, count: 5) })
  }  // test_locks: BarrierTests.test_filling_tasks_wait_twice

  @Test func `in each round the numbers are given once`() async throws {
    let barrier = AsyncBarrier(parties: 5)
    let numbers = try await gather(0..<5) { _ in
      [try await barrier.wait(), try await barrier.wait()]
    }
    for round in 0..<2 { #expect(numbers.map { $0[round] }.sorted() == Array(0..<5)) }
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "filling"))
  }  // test_locks: BarrierTests.test_filling_tasks_check_return_value

  @Test func `while some leave, those of the next round are blocked`() async throws {
    let barrier = AsyncBarrier(parties: 2)
    let first = Task { try await barrier.wait() }
    await settle()
    try await barrier.wait()
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "draining"))
    let next = Task.immediate { try await barrier.wait() }
    #expect(barrier.statistics == .init(waiting: 0, blocked: 1, phase: "draining"))
    #expect(try await first.value == 0)
    await settle()
    #expect(barrier.statistics == .init(waiting: 1, blocked: 0, phase: "filling"))
    #expect(try await barrier.wait() == 1)
    #expect(try await next.value == 0)
  }  // test_locks: BarrierTests.test_draining_state, test_blocking_tasks_while_draining

  @Test func `one that is blocked can be cancelled`() async throws {
    let barrier = AsyncBarrier(parties: 2)
    let first = Task { try await barrier.wait() }
    await settle()
    try await barrier.wait()
    let next = Task.immediate { try await barrier.wait() }
    next.cancel()
    await #expect(throws: CancellationError.self) { try await next.value }
    _ = try await first.value
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "filling"))
  }

  @Test func `one that is cancelled leaves, and another one takes its place`() async throws {
    let barrier = AsyncBarrier(parties: 3)
    let tasks = (0..<2).map { _ in Task { try await barrier.wait() } }
    await settle()
    tasks[0].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[0].value }
    #expect(barrier.statistics.waiting == 1)
    let third = Task { try await barrier.wait() }
    await settle()
    #expect(barrier.statistics.waiting == 2)
    try await barrier.wait()
    _ = try await (tasks[1].value, third.value)
    #expect(!barrier.isBroken)
  }  // test_locks: BarrierTests.test_filling_tasks_cancel_one

  @Test func `cancelled before it waits, it throws; just after they have met, it has passed`() async throws {
    let barrier = AsyncBarrier(parties: 2)
    let before = Task { try await barrier.wait() }
    before.cancel()
    await #expect(throws: CancellationError.self) { try await before.value }
    let after = Task { try await barrier.wait() }
    await settle()
    try await barrier.wait()
    after.cancel()
    #expect(try await after.value == 0)
  }

  @Test(.realTime, .deadline(.seconds(60)), arguments: [0, -4])
  func `a barrier has a party`(_ parties: Int) async {
    #expect(parties < 1)
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncBarrier(parties: 0)
    }
    #expect(result.says("a barrier needs 1 party or more, not 0"))
  }  // test_locks: BarrierTests.test_barrier_parties
}
