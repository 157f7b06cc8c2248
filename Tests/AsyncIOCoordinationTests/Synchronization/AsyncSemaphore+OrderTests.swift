import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// Strictly in the order in which tasks came.
@Suite(.virtualTime) struct AsyncSemaphoreOrderTests {
  @Test func `who comes again goes behind those who wait`() async throws {
    let semaphore = AsyncSemaphore(1)
    let order = Journal<String>()
    _ = try await gather(["a", "b", "c"]) { name in
      for round in 1...2 {
        try await semaphore.acquire()
        order.note("\(name)\(round)")
        try await sleep(for: .milliseconds(10))
        semaphore.release()
      }
    }
    #expect(order.entries == ["a1", "b1", "c1", "a2", "b2", "c2"])
  }  // test_locks: SemaphoreTests.test_acquire_fifo_order

  @Test func `who comes again goes behind those who were given a permit and have not run since`() async throws
  {
    let semaphore = AsyncSemaphore(1, maximum: .max)
    let order = Journal<Int>()
    let tasks = [
      Task {
        try await semaphore.acquire()
        order.note(1)
      },
      Task {
        try await semaphore.acquire()
        order.note(2)
        semaphore.release()
        #expect(semaphore.isLocked, "the third has not run yet")
        try await semaphore.acquire()
        order.note(4)
      },
      Task {
        try await semaphore.acquire()
        order.note(3)
      },
    ]
    await giveWay()
    semaphore.release()
    semaphore.release()
    for task in tasks { try await task.value }
    #expect(order.entries == [1, 2, 3, 4])
  }  // test_locks: SemaphoreTests.test_acquire_fifo_order_2

  @Test func `who was cancelled is passed over`() async throws {
    let semaphore = AsyncSemaphore(0, maximum: .max)
    let order = Journal<Int>()
    let tasks = (1...3).map { number in
      Task {
        try await semaphore.acquire()
        order.note(number)
      }
    }
    await giveWay()
    tasks[0].cancel()
    await giveWay()
    semaphore.release()
    semaphore.release()
    for task in tasks { _ = await task.result }
    #expect(order.entries == [2, 3])
  }  // test_locks: SemaphoreTests.test_acquire_fifo_order_3

  @Test func `permits that are free while others have not run yet are for those behind them`() async throws {
    let semaphore = AsyncSemaphore(0, maximum: .max)
    let order = Journal<Int>()
    let tasks = [
      Task {
        try await semaphore.acquire()
        Task { order.note(4) }
        order.note(1)
      },
      Task {
        semaphore.release(3)
        #expect(semaphore.statistics.free == 2)
        #expect(semaphore.isLocked, "the first has not run yet")
        #expect(!semaphore.tryAcquire())
        try await semaphore.acquire()
        order.note(2)
      },
      Task {
        try await semaphore.acquire()
        order.note(3)
      },
    ]
    for task in tasks { try await task.value }
    await settle()
    #expect(order.entries == [1, 2, 3, 4])
    #expect(semaphore.statistics == .init(free: 0, waiting: 0))
  }  // test_locks: SemaphoreTests.test_acquire_fifo_order_4

  @Test func `one that asks for many is not overtaken by those who ask for few`() async throws {
    let semaphore = AsyncSemaphore(3)
    let order = Journal<Int>()
    try await semaphore.acquire(2)
    let tasks = [3, 1].map { count in
      Task {
        try await semaphore.acquire(count)
        order.note(count)
        semaphore.release(count)
      }
    }
    await settle()
    #expect(order.entries == [])
    #expect(!semaphore.tryAcquire(), "one is free, but others were there first")
    #expect(semaphore.isLocked)
    semaphore.release()
    await settle()
    #expect(order.entries == [])
    semaphore.release()
    for task in tasks { try await task.value }
    #expect(order.entries == [3, 1])
    #expect(semaphore.statistics == .init(free: 3, waiting: 0))
  }  // tokio: Semaphore::acquire_many

  @Test func `when one that asks for many is cancelled, those behind it go on`() async throws {
    let semaphore = AsyncSemaphore(3)
    try await semaphore.acquire(2)
    let many = Task { try await semaphore.acquire(3) }
    await settle()
    let few = Task { try await semaphore.acquire() }
    await settle()
    many.cancel()
    try await few.value
    await #expect(throws: CancellationError.self) { try await many.value }
    #expect(semaphore.statistics == .init(free: 0, waiting: 0))
  }

  @Test func `withPermits holds as many`() async throws {
    let semaphore = AsyncSemaphore(5)
    try await semaphore.withPermits(4) { #expect(semaphore.statistics.free == 1) }
    #expect(semaphore.statistics.free == 5)
  }
}
