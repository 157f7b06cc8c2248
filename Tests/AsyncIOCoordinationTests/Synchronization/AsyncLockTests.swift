import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncLockTests {
  @Test func `one task at a time is inside`() async throws {
    let lock = AsyncLock()
    let gauge = Gauge()
    _ = try await gather(0..<20) { _ in
      try await lock.withLock { try await gauge.inside { try await sleep(for: .seconds(1)) } }
    }
    #expect(gauge.peak == 1)
    #expect(gauge.total == 20)
    #expect(!lock.isLocked)
  }  // test_locks: LockTests.test_context_manager

  @Test func `withLock gives what its body gives, and frees the lock when the body throws`() async throws {
    let lock = AsyncLock()
    #expect(try await lock.withLock { lock.isLocked })
    await #expect(throws: TestFailure(1)) { try await lock.withLock { throw TestFailure(1) } }
    #expect(!lock.isLocked)
  }

  @Test func `tasks have it in the order in which they came`() async throws {
    let lock = AsyncLock()
    let order = Journal<Int>()
    try await lock.acquire()
    let tasks = (1...3).map { number in
      Task {
        try await lock.acquire()
        order.note(number)
      }
    }
    for expected in [[], [1], [1, 2], [1, 2, 3]] {
      await settle()
      #expect(order.entries == expected)
      lock.release()
    }
    for task in tasks { try await task.value }
    #expect(!lock.isLocked)
  }  // test_locks: LockTests.test_acquire

  @Test func `who releases and acquires again goes behind those who wait`() async throws {
    let lock = AsyncLock()
    let order = Journal<String>()
    try await lock.acquire()
    let other = Task { try await lock.withLock { order.note("other") } }
    await settle()
    lock.release()
    #expect(!lock.tryAcquire(), "it was handed over")
    try await lock.withLock { order.note("first") }
    try await other.value
    #expect(order.entries == ["other", "first"])
  }  // trio: StrictFIFOLock

  @Test func `release without waiters frees it`() async throws {
    let lock = AsyncLock()
    #expect(lock.tryAcquire())
    #expect(lock.isLocked)
    #expect(!lock.tryAcquire())
    lock.release()
    #expect(!lock.isLocked)
  }  // test_locks: LockTests.test_release_no_waiters

  @Test func `cancelled before it waits, it throws, unless it need not wait`() async throws {
    let lock = AsyncLock()
    let task = Task {
      try await lock.acquire()
      await #expect(throws: CancellationError.self) { try await lock.acquire() }
      return lock.statistics.waiting
    }
    task.cancel()
    #expect(try await task.value == 0)
    #expect(lock.isLocked)
  }

  @Test func `cancelled while it waits, it leaves the line`() async throws {
    let lock = AsyncLock()
    try await lock.acquire()
    let task = Task { try await lock.acquire() }
    await settle()
    #expect(lock.statistics.waiting == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(lock.statistics.waiting == 0)
    lock.release()
    #expect(!lock.isLocked)
  }  // test_locks: LockTests.test_acquire_cancel

  @Test(arguments: [false, true])
  func `cancelled at the instant of the hand-over, the next one has it`(_ isReleasedFirst: Bool) async throws
  {
    let lock = AsyncLock()
    let order = Journal<String>()
    try await lock.acquire()
    let second = Task { try await lock.withLock { order.note("second") } }
    await settle()
    let third = Task { try await lock.withLock { order.note("third") } }
    await settle()
    if isReleasedFirst { lock.release() }
    second.cancel()
    if !isReleasedFirst { lock.release() }
    await #expect(throws: CancellationError.self) { try await second.value }
    try await third.value
    #expect(order.entries == ["third"])
    #expect(!lock.isLocked)
  }  // test_locks: LockTests.test_cancel_race, test_finished_waiter_cancelled

  @Test func `when the first is cancelled and the lock released, one of the others has it, and not two`()
    async throws
  {
    let lock = AsyncLock()
    let taken = Gauge()
    try await lock.acquire()
    let tasks = (0..<3).map { _ in
      Task {
        try await lock.acquire()
        taken.enter()
      }
    }
    await settle()
    tasks[0].cancel()
    lock.release()
    await #expect(throws: CancellationError.self) { try await tasks[0].value }
    await settle()
    #expect(taken.total == 1)
    tasks[2].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[2].value }
    try await tasks[1].value
  }  // test_locks: LockTests.test_cancel_release_race

  @Test func `cancelled after it has run, it keeps it`() async throws {
    let lock = AsyncLock()
    let task = Task {
      try await lock.acquire()
      await settle()
      return Task.isCancelled
    }
    await giveWay()
    task.cancel()
    #expect(try await task.value)
    #expect(lock.isLocked)
  }

  @Test func `a timeout ends the wait`() async throws {
    let lock = AsyncLock()
    try await lock.acquire()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) { try await lock.acquire() }
    }
    #expect(lock.statistics.waiting == 0)
    lock.release()
    try await lock.withLock {}
  }

  @Test func `the statistics name the owner and count those who wait`() async throws {
    let lock = AsyncLock()
    #expect(lock.statistics == .init(isLocked: false, owner: nil, waiting: 0))
    let done = AsyncEvent()
    let owner = createTask(name: "owner") { try await lock.withLock { try await done.wait() } }
    let next = createTask(name: "next") { try await lock.withLock { try await sleep(for: .seconds(1)) } }
    await settle()
    #expect(
      lock.statistics.owner?.hasPrefix("task 'owner' (AsyncIOCoordinationTests/AsyncLockTests.swift:") == true
    )
    #expect(lock.statistics.waiting == 1)
    done.set()
    await settle()
    #expect(lock.statistics.owner?.hasPrefix("task 'next'") == true, "also after a hand-over")
    try await owner.value
    try await next.value
    #expect(lock.statistics.owner == nil)
  }  // anyio: LockStatistics

  @Test(.realTime, .deadline(.seconds(60))) func `a release that nobody is owed traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncLock().release()
    }
    #expect(result.says("a lock was released that nobody had acquired"))
  }  // test_locks: LockTests.test_release_not_acquired

  @Test(.realTime) func `it may be released on another thread`() async throws {
    let lock = AsyncLock()
    for _ in 0..<100 {
      try await lock.acquire()
      LoopThread.start(named: "foreign") { lock.release() }
    }
    try await lock.acquire()
  }
}
