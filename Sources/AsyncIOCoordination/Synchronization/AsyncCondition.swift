// A condition: a lock, and who has let go of it to wait for a notification.
//
// A task stands in the queue before it releases the lock, so that no notification is missed in between; and it has
// the lock again when `wait` returns or throws, whatever happens: its caller is inside of `withLock`.
//
// Cancelled before it waits or while it waits: it leaves the queue, waits for the lock, and throws. At the instant of the
// notification: the exchange of its waiter decides. After the notification, up to when it has the lock: it notifies
// another one in its place, and throws; so that a notification always reaches somebody who goes on (asyncio,
// bpo-32841 and gh-112202). From other threads: the same. The loop shutting down: those who wait are cancelled with
// their tasks, and have the lock in turn.

import AsyncIORuntime
import Synchronization

/// Lets tasks that hold a lock wait until another one says that something has changed (asyncio's `Condition`).
///
/// ```swift
/// let changed = AsyncCondition()
/// // one task
/// try await changed.withLock { try await changed.wait { stock.count > 0 } }
/// // another one
/// try await changed.withLock { stock.add(item); changed.notify() }
/// ```
///
/// It may be used from any thread.
public final class AsyncCondition: Sendable {
  /// The lock that is held while the condition is looked at.
  public let lock: AsyncLock
  private let waiters = Mutex(WaitQueue<Void>())

  /// Makes a condition.
  ///
  /// - Parameter lock: One that others use too, such as that of another condition; a lock of its own by default.
  public init(lock: AsyncLock = AsyncLock()) { self.lock = lock }

  /// Calls `body` while it holds the lock.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the lock; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits for the lock, `body` is not called. Afterwards it is up to `body`.
  @inlinable
  public func withLock<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await lock.withLock(body)
  }

  /// Releases the lock, waits for a notification, and takes the lock again.
  ///
  /// It may return for a notification whose reason is gone: look again, or use `wait(until:)`.
  ///
  /// - Throws: `CancellationError` when the task is cancelled before or meanwhile; the lock is held then, too.
  ///
  /// ## Cancellation
  /// Ends the wait for the notification, and not the one for the lock. A notification that had come is passed on to
  /// another task. The call may be repeated.
  public func wait() async throws(CancellationError) {
    requireLock()
    let waiter = QueuedWaiter(())
    waiters.withLock { $0.append(waiter) }
    lock.release()
    let outcome = await waiter.wait(for: "a condition")
    if outcome == .cancelled { waiters.withLock { $0.remove(waiter) } }
    await lock.acquireUncancelled()
    guard Task.isCancelled else { return }
    if outcome == .woken { notify() }
    throw CancellationError()
  }

  /// Waits until `predicate` is true, and looks at it with the lock held (asyncio's `wait_for`).
  ///
  /// - Parameter predicate: Looked at now and after each notification.
  /// - Throws: `CancellationError` when the task is cancelled while it waits; what `predicate` throws. The lock is
  ///   held then, too.
  ///
  /// ## Cancellation
  /// Ends the wait for a notification, and not the one for the lock. The call may be repeated. Where the predicate
  /// is true at once it is not looked for.
  public func wait(until predicate: () throws -> Bool) async throws {
    while try !predicate() { try await wait() }
  }

  /// Wakes tasks that wait, the oldest first; each goes on when it has the lock.
  ///
  /// - Parameter count: How many, at most.
  /// - Complexity: O(1) for each.
  public func notify(_ count: Int = 1) {
    requireLock()
    waiters.withLock { waiters in
      var wakeUps = WakeUps()
      var left = count
      while left > 0, waiters.wakeFirst(into: &wakeUps) { left -= 1 }
      return wakeUps
    }.resume()
  }

  /// Wakes all tasks that wait, in order; each goes on when it has the lock.
  ///
  /// - Complexity: O(1) for each.
  public func notifyAll() { notify(.max) }

  private func requireLock(_ function: StaticString = #function) {
    precondition(
      lock.isLocked, "AsyncCondition.\(function) was called without its lock: call it inside of withLock")
  }

  /// What a condition has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Tasks that wait to be notified.
    public var waiting: Int
    /// Its lock, and who waits for that.
    public var lock: AsyncLock.Statistics
  }

  /// The state of this moment.
  public var statistics: Statistics {
    Statistics(waiting: waiters.withLock { $0.count }, lock: lock.statistics)
  }
}
