import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// No permit is lost by a cancellation, and none is doubled.
@Suite(.virtualTime) struct AsyncSemaphoreCancellationTests {
  @Test func `cancelled before it waits, it throws, unless it need not wait`() async throws {
    let semaphore = AsyncSemaphore(1)
    let task = Task {
      try await semaphore.acquire()
      await #expect(throws: CancellationError.self) { try await semaphore.acquire() }
    }
    task.cancel()
    try await task.value
    #expect(semaphore.statistics == .init(free: 0, waiting: 0))
  }

  @Test func `cancelled while it waits, it leaves the line`() async throws {
    let semaphore = AsyncSemaphore(1)
    try await semaphore.acquire()
    let task = Task { try await semaphore.acquire() }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(semaphore.statistics.waiting == 0)
  }  // test_locks: SemaphoreTests.test_acquire_cancel

  @Test func `cancelled before the release, the next ones get it`() async throws {
    let semaphore = AsyncSemaphore(0, maximum: .max)
    let tasks = (0..<4).map { _ in Task { try await semaphore.acquire() } }
    await settle()
    tasks[0].cancel()
    tasks[1].cancel()
    semaphore.release()
    try await tasks[2].value
    #expect(semaphore.statistics == .init(free: 0, waiting: 1))
    tasks[3].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[3].value }
    #expect(semaphore.statistics == .init(free: 0, waiting: 0))
  }  // test_locks: SemaphoreTests.test_acquire_cancel_before_awoken, test_acquire_hang

  @Test func `cancelled just after the hand-over, it passes the permit on and throws`() async throws {
    let semaphore = AsyncSemaphore(1)
    try await semaphore.acquire()
    let first = Task { try await semaphore.withPermit { Issue.record("the first was cancelled") } }
    await settle()
    let second = Task { try await semaphore.withPermit {} }
    await settle()
    semaphore.release()
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    try await second.value
    #expect(semaphore.statistics == .init(free: 1, waiting: 0))
  }

  @Test func `cancelled by the one that releases, it leaves the permit free`() async throws {
    let semaphore = AsyncSemaphore(1)
    let second = Journal<Task<Void, any Error>>()
    let first = Task {
      try await semaphore.withPermit { await giveWay() }
      second.entries[0].cancel()
    }
    second.note(Task { try await semaphore.withPermit { _ = Issue.record("the second was cancelled") } })
    try await first.value
    await #expect(throws: CancellationError.self) { try await second.entries[0].value }
    try await withTimeout(.seconds(1)) { try await semaphore.acquire() }
  }  // test_locks: SemaphoreTests.test_acquire_no_hang

  @Test(.deadline(.seconds(60)))
  func `a hundred thousand that wait are cancelled in any order, each at once`() async throws {
    let semaphore = AsyncSemaphore(1)
    try await semaphore.acquire()
    let tasks = (0..<100_000).map { _ in Task { try await semaphore.acquire() } }
    await settle()
    #expect(semaphore.statistics.waiting == 100_000)
    var numbers = SeededNumbers(seed: 3)
    var left = tasks
    while !left.isEmpty {
      left.swapAt(numbers.next(below: left.count), left.count - 1)
      left.removeLast().cancel()
    }
    for task in tasks { _ = await task.result }
    #expect(semaphore.statistics.waiting == 0)
    semaphore.release()
    #expect(semaphore.statistics == .init(free: 1, waiting: 0))
  }
}
