// An event: a flag, and who waits for it.
//
// The flag is raised under the lock of the queue, together with waking all who stand there, and looked at again
// under it before somebody waits: so nobody waits for what has happened. Whoever was woken has seen the event, also
// if it is cleared at once.
//
// Cancelled before it waits: an event that has happened is returned from, otherwise the call throws. While it waits:
// it leaves the queue and throws. At the instant of `set`: the exchange of its waiter decides. After: the call
// returns, as the event has happened. From other threads: the same. The loop shutting down: those who wait are
// cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// Something that happens, for any number of tasks that wait for it (asyncio's `Event`).
///
/// ```swift
/// let isReady = AsyncEvent()
/// createTask { try await isReady.wait(); print("go") }
/// isReady.set()
/// ```
///
/// It may be used from any thread.
public final class AsyncEvent: Sendable {
  private let flag: Atomic<Bool>
  private let waiters = Mutex(WaitQueue<Void>())

  /// Makes an event.
  ///
  /// - Parameter isSet: Whether it has happened already.
  public init(isSet: Bool = false) { flag = Atomic(isSet) }

  /// Whether it has happened.
  public var isSet: Bool { flag.load(ordering: .acquiring) }

  /// Says that it has happened, and wakes all who wait, in the order in which they came.
  ///
  /// Those who wait now are woken also if `clear` follows at once.
  ///
  /// - Complexity: O(1) for each task that waits.
  public func set() {
    guard !isSet else { return }
    waiters.withLock { waiters in
      flag.store(true, ordering: .releasing)
      var wakeUps = WakeUps()
      waiters.wakeAll(into: &wakeUps)
      return wakeUps
    }.resume()
  }

  /// Says that it has not happened: from now on `wait` waits again.
  public func clear() {
    waiters.withLock { _ in flag.store(false, ordering: .releasing) }
  }

  /// Waits until it has happened; returns at once if it has.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait; the call may be repeated. A call that need not wait does not look for it, and one that was woken
  /// by `set` returns, also if it is cancelled before it runs.
  public func wait() async throws(CancellationError) {
    if isSet { return }
    let waiter = QueuedWaiter.take(())
    let waits = waiters.withLock { waiters in
      guard !isSet else { return false }
      waiters.append(waiter)
      return true
    }
    guard waits else { return }
    guard await waiter.wait(for: "an event") != .cancelled else {
      waiters.withLock { $0.remove(waiter) }
      throw CancellationError()
    }
    QueuedWaiter.giveBack(waiter, ())
  }

  /// What an event has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Whether it has happened.
    public var isSet: Bool
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    waiters.withLock { Statistics(isSet: isSet, waiting: $0.count) }
  }
}
