import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct AsyncConditionTests {
  @Test func `each notification wakes one, and it has the lock in turn`() async throws {
    let condition = AsyncCondition()
    let order = Journal<Int>()
    let tasks = (1...3).map { number in
      Task {
        try await condition.lock.acquire()
        try await condition.wait()
        order.note(number)
      }
    }
    await settle()
    #expect(order.entries == [])
    #expect(!condition.lock.isLocked)
    try await condition.lock.acquire()
    condition.notify()
    await settle()
    #expect(order.entries == [], "the lock is held here")
    condition.lock.release()
    await settle()
    #expect(order.entries == [1])
    #expect(condition.lock.isLocked)
    condition.notify(2)
    await settle()
    #expect(order.entries == [1])
    for expected in [[1, 2], [1, 2, 3]] {
      condition.lock.release()
      await settle()
      #expect(order.entries == expected)
      #expect(condition.lock.isLocked)
    }
    for task in tasks { try await task.value }
  }  // test_locks: ConditionTests.test_wait

  @Test(arguments: [1, 2, 2048])
  func `as many are woken as asked for`(_ count: Int) async throws {
    let condition = AsyncCondition()
    let order = Journal<Int>()
    let tasks = (1...3).map { number in
      Task {
        try await condition.withLock {
          try await condition.wait()
          order.note(number)
        }
      }
    }
    await settle()
    try await condition.withLock { condition.notify(count) }
    await settle()
    #expect(order.entries == Array((1...3).prefix(count)))
    try await condition.withLock { condition.notifyAll() }
    for task in tasks { try await task.value }
    #expect(order.entries == [1, 2, 3])
  }  // test_locks: ConditionTests.test_notify, test_notify_all

  @Test func `a predicate is waited for`() async throws {
    let condition = AsyncCondition()
    let isTrue = Journal<Void>()
    let task = Task {
      try await condition.withLock { try await condition.wait { isTrue.count > 0 } }
    }
    await settle()
    try await condition.withLock { condition.notify() }
    await settle()
    #expect(condition.statistics.waiting == 1)
    isTrue.note(())
    try await condition.withLock { condition.notify() }
    try await task.value
    #expect(condition.statistics.waiting == 0)
  }  // test_locks: ConditionTests.test_wait_for

  @Test func `a predicate that is true needs no lock, and what it throws is thrown`() async throws {
    let condition = AsyncCondition()
    try await condition.wait { true }
    await #expect(throws: TestFailure(1)) { try await condition.wait { throw TestFailure(1) } }
  }  // test_locks: ConditionTests.test_wait_for_unacquired

  @Test func `several conditions may share a lock`() async throws {
    let lock = AsyncLock()
    let (one, other) = (AsyncCondition(lock: lock), AsyncCondition(lock: lock))
    let task = Task { try await one.withLock { try await one.wait() } }
    await settle()
    try await other.withLock {
      #expect(one.lock.isLocked)
      other.notifyAll()
      await settle()
      #expect(one.statistics.waiting == 1)
      one.notify()
    }
    try await task.value
    #expect(!lock.isLocked)
  }  // test_locks: ConditionTests.test_explicit_lock

  @Test(.realTime, .deadline(.seconds(60))) func `without the lock, it traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      AsyncCondition().notify()
    }
    #expect(result.says("without its lock: call it inside of withLock"))
    await #expect(processExitsWith: .failure) { AsyncCondition().notifyAll() }
    await #expect(processExitsWith: .failure) { try await AsyncCondition().wait() }
    await #expect(processExitsWith: .failure) { try await AsyncCondition().wait { false } }
    // test_locks: ConditionTests.test_wait_for_unacquired
  }  // test_locks: ConditionTests.test_wait_unacquired, test_notify_unacquired, test_notify_all_unacquired
}
