import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncSemaphoreTests {
  @Test func `as many are inside as there are permits`() async throws {
    let semaphore = AsyncSemaphore(3)
    let gauge = Gauge()
    _ = try await gather(0..<10) { _ in
      try await semaphore.withPermit { try await gauge.inside { try await sleep(for: .seconds(1)) } }
    }
    #expect(gauge.peak == 3)
    #expect(LoopClock.now == .seconds(4))
    #expect(semaphore.statistics == .init(free: 3, waiting: 0))
  }

  @Test func `several releases wake several`() async throws {
    let semaphore = AsyncSemaphore(3)
    let order = Journal<Int>()
    try await semaphore.acquire()
    #expect(semaphore.tryAcquire())
    #expect(!semaphore.isLocked)
    let tasks = (1...4).map { number in
      Task {
        try await semaphore.acquire()
        order.note(number)
      }
    }
    await settle()
    #expect(order.entries == [1])
    #expect(semaphore.isLocked)
    #expect(semaphore.statistics == .init(free: 0, waiting: 3))
    semaphore.release()
    semaphore.release()
    #expect(semaphore.statistics.free == 0, "they were handed over")
    await settle()
    #expect(order.entries == [1, 2, 3])
    #expect(semaphore.statistics == .init(free: 0, waiting: 1))
    semaphore.release()
    for task in tasks { try await task.value }
  }  // test_locks: SemaphoreTests.test_acquire

  @Test func `none at first, then what is released`() async throws {
    let semaphore = AsyncSemaphore(0, maximum: .max)
    #expect(semaphore.isLocked)
    #expect(!semaphore.tryAcquire())
    semaphore.release(5)
    #expect(semaphore.statistics.free == 5)
    try await semaphore.acquire(5)
    #expect(semaphore.isLocked)
  }  // test_locks: SemaphoreTests.test_initial_value_zero

  @Test func `release without waiters frees a permit, and a body that throws releases its own`() async throws
  {
    let semaphore = AsyncSemaphore(1)
    try await semaphore.acquire()
    #expect(semaphore.isLocked)
    semaphore.release()
    #expect(!semaphore.isLocked)
    await #expect(throws: TestFailure(1)) { try await semaphore.withPermit { throw TestFailure(1) } }
    #expect(!semaphore.isLocked)
  }  // test_locks: SemaphoreTests.test_release_no_waiters

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let over = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncSemaphore(2).release()
    }
    #expect(over.says("a semaphore of at most 2 permits was given back 1 that nobody had acquired"))
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncSemaphore(-1)
    }
    #expect(negative.says("a semaphore has no fewer than 0 permits, not -1"))
    let forEver = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await AsyncSemaphore(2).acquire(3)
    }
    #expect(forEver.says("cannot give 3: the caller would wait for ever"))
    await #expect(processExitsWith: .failure) { _ = AsyncSemaphore(2).tryAcquire(0) }
    await #expect(processExitsWith: .failure) { _ = AsyncSemaphore(0) }
  }  // test_locks: SemaphoreTests.test_release_not_acquired, test_semaphore_value

  @Test(.realTime, .deadline(.seconds(60)))
  func `a release too many traps also while somebody waits for more`() async {
    await #expect(processExitsWith: .failure) {
      // On one thread: elsewhere the task might be given its permits before it has found itself cancelled.
      try await onVirtualLoop {
        let semaphore = AsyncSemaphore(2)
        try await semaphore.acquire()
        let task = Task { try await semaphore.acquire(2) }
        while semaphore.statistics.waiting == 0 { await giveWay() }
        task.cancel()
        semaphore.release()
        semaphore.release()
      }
    }
  }
}
