import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOCoordination

/// Reset and abort, at whatever instant.
@Suite(.virtualTime) struct AsyncBarrierBreakingTests {
  private let parties = 5

  @Test func `a reset of one that nobody waits at changes nothing`() async throws {
    let barrier = AsyncBarrier(parties: 1)
    barrier.reset()
    #expect(!barrier.isBroken)
    try await barrier.wait()
  }  // test_locks: BarrierTests.test_reset_barrier

  @Test func `a reset makes those who wait throw`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let tasks = (1..<parties).map { _ in Task { try await barrier.wait() } }
    await settle()
    barrier.reset()
    #expect(barrier.statistics.phase == "resetting")
    for task in tasks { await #expect(throws: BrokenBarrierError()) { try await task.value } }
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "filling"))
  }  // test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting

  @Test func `after a reset they can wait again`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let broken = Gauge()
    let tasks = (1..<parties).map { _ in
      Task {
        do { try await barrier.wait() } catch is BrokenBarrierError { broken.enter() }
        try await barrier.wait()
      }
    }
    await settle()
    barrier.reset()
    await settle()
    try await barrier.wait()
    for task in tasks { try await task.value }
    #expect(broken.total == parties - 1)
    #expect(barrier.statistics.waiting == 0)
  }  // test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again

  @Test func `a reset by the one that leaves breaks those who have not left`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let (left, broken) = (Gauge(), Gauge())
    _ = try await gather(0..<parties) { [parties] _ in
      do {
        try await barrier.wait()
        left.enter()
        if left.total == parties - parties / 2 { barrier.reset() }
      } catch is BrokenBarrierError { broken.enter() }
    }
    #expect(broken.total == parties / 2)
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "filling"))
  }  // test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining

  @Test func `those who are blocked are not broken by a reset, and fill the next round`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let (left, broken, blocked) = (Gauge(), Gauge(), Gauge())
    _ = try await gather(0..<parties) { [parties] _ in
      do {
        try await barrier.wait()
      } catch is BrokenBarrierError {
        broken.enter()
        return _ = try await barrier.wait()
      }
      left.enter()
      if left.total > parties / 2 { barrier.reset() }
      do { try await barrier.wait() } catch is BrokenBarrierError { blocked.enter() }
    }
    #expect(broken.total == parties / 2)
    #expect(blocked.total == 0)
  }  // test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking

  @Test func `a reset when the last has left does not disturb those who were let in`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let (left, passed) = (Gauge(), Gauge())
    _ = try await gather(0..<parties) { [parties] _ in
      try await barrier.wait()
      left.enter()
      if left.total == parties { barrier.reset() }
      try await barrier.wait()
      try await barrier.wait()
      passed.enter()
    }
    #expect(passed.total == parties)
  }  // test_locks: BarrierTests.test_reset_barrier_while_tasks_draining

  @Test func `aborted, it is broken until it is reset`() async throws {
    let barrier = AsyncBarrier(parties: 1)
    barrier.abort()
    #expect(barrier.isBroken)
    await #expect(throws: BrokenBarrierError()) { try await barrier.wait() }
    #expect(barrier.statistics == .init(waiting: 0, blocked: 0, phase: "broken"))
    barrier.reset()
    try await barrier.wait()
    #expect(BrokenBarrierError().description == "the barrier was reset or aborted: not all tasks have met")
  }  // test_locks: BarrierTests.test_abort_barrier

  @Test func `an abort breaks those who leave and those who are blocked`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let (left, broken, blocked) = (Gauge(), Gauge(), Gauge())
    _ = try await gather(0..<parties) { [parties] _ in
      do {
        try await barrier.wait()
      } catch is BrokenBarrierError { return broken.enter() }
      left.enter()
      if left.total > parties / 2 { return barrier.abort() }
      do { try await barrier.wait() } catch is BrokenBarrierError { blocked.enter() }
    }
    #expect(barrier.isBroken)
    #expect(broken.total == parties / 2)
    #expect(blocked.total == parties - parties / 2 - 1)
  }  // test_locks: BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking

  @Test func `one that fails aborts, and all others know`() async throws {
    let barrier = AsyncBarrier(parties: parties)
    let broken = Gauge()
    _ = try await gather(0..<parties) { [parties] _ in
      do {
        if try await barrier.wait() == parties / 2 { return barrier.abort() }
        try await barrier.wait()
        Issue.record("the barrier is broken")
      } catch is BrokenBarrierError { broken.enter() }
    }
    #expect(broken.total == parties - 1)
    #expect(barrier.isBroken)
  }  // test_locks: BarrierTests.test_abort_barrier_when_exception

  @Test func `it is mended with the help of another one`() async throws {
    let (barrier, meeting) = (AsyncBarrier(parties: parties), AsyncBarrier(parties: parties))
    let (broken, passed) = (Gauge(), Gauge())
    _ = try await gather(0..<parties) { [parties] _ in
      do {
        if try await barrier.wait() == parties / 2 { barrier.abort() } else { try await barrier.wait() }
      } catch is BrokenBarrierError { broken.enter() }
      if try await meeting.wait() == parties / 2 { barrier.reset() }
      try await meeting.wait()
      try await barrier.wait()
      passed.enter()
    }
    #expect(!barrier.isBroken)
    #expect(broken.total == parties - 1)
    #expect(passed.total == parties)
  }  // test_locks: BarrierTests.test_abort_barrier_when_exception_then_resetting
}
