import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOCoordination

/// Whoever waits has the lock again, whatever happens, and no notification is lost.
@Suite(.virtualTime) struct AsyncConditionCancellationTests {
  @Test func `cancelled before and while it waits, it throws with the lock held`() async throws {
    let condition = AsyncCondition()
    for waitsFirst in [false, true] {
      let task = Task {
        try await condition.lock.acquire()
        await #expect(throws: CancellationError.self) { try await condition.wait() }
        #expect(condition.lock.isLocked)
        condition.lock.release()
      }
      if waitsFirst { await settle() }
      task.cancel()
      try await task.value
      #expect(condition.statistics.waiting == 0)
    }
  }  // test_locks: ConditionTests.test_wait_cancel, test_cancelled_error_wakeup

  @Test func `cancelled while somebody else has the lock, it waits for it`() async throws {
    let condition = AsyncCondition()
    let task = Task { try await condition.withLock { try await condition.wait() } }
    await settle()
    try await condition.lock.acquire()
    condition.notify()
    await settle()
    task.cancel()
    await settle()
    #expect(condition.lock.statistics.waiting == 1, "a cancellation does not end this wait")
    condition.lock.release()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(!condition.lock.isLocked)
    // test_locks: ConditionTests.test_wait_cancel_contested, test_cancelled_error_re_aquire
  }  // test_locks: ConditionTests.test_wait_cancel_after_notify

  @Test(arguments: [false, true])
  func `a notification for one that is cancelled reaches another one`(_ waitsForLock: Bool) async throws {
    let condition = AsyncCondition()
    let stock = Stock()
    let consumers = (0..<2).map { _ in
      Task {
        try await condition.withLock {
          while true {
            try await condition.wait { stock.count != 0 }
            if stock.count < 0 { return }
            stock.count -= 1
          }
        }
      }
    }
    await settle()
    try await condition.withLock {
      stock.count += 1
      condition.notify()
      if waitsForLock { await settle() }
      consumers[0].cancel()
      try? await withTimeout(.seconds(1)) { try await condition.wait { stock.count == 0 } }
      #expect(stock.count == 0)
      stock.count = -1
      condition.notifyAll()
    }
    await #expect(throws: CancellationError.self) { try await consumers[0].value }
    try await consumers[1].value
  }  // test_locks: ConditionTests.test_cancelled_wakeup, test_cancelled_wakeup_relock

  @Test func `a timeout ends the wait, and the lock is held`() async throws {
    let condition = AsyncCondition()
    try await condition.withLock {
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await condition.wait() }
      }
      #expect(condition.lock.isLocked)
    }
    #expect(!condition.lock.isLocked)
  }  // test_locks: ConditionTests.test_timeout_in_block

  private final class Stock: Sendable {
    private let level = Mutex(0)

    var count: Int {
      get { level.withLock { $0 } }
      set { level.withLock { $0 = newValue } }
    }
  }
}
