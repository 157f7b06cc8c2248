// A wait group: a count, and who waits for it to be zero.
//
// The count is changed under the lock of the queue. Who is woken has seen it at zero, also if it grows again at once.
//
// Cancelled before it waits: a count of zero is returned from, otherwise the call throws. While it waits: it leaves
// the queue and throws. At the instant at which the count reaches zero: the exchange of its waiter decides. After:
// the call returns. From other threads: the same. The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// Counts work that is under way, for tasks that wait until there is none (Go's `sync.WaitGroup`).
///
/// ```swift
/// let uploads = WaitGroup()
/// uploads.add()
/// createTask { defer { uploads.done() }; try await upload(file) }
/// try await uploads.wait()
/// ```
///
/// It can be used again and again, and from any thread. For tasks whose errors matter, see `gather`.
public final class WaitGroup: Sendable {
  private struct State: ~Copyable {
    var count = 0
    var waiters = WaitQueue<Void>()
  }

  private let state = Mutex(State())

  /// Makes a group without work.
  public init() {}

  /// Counts work that begins.
  ///
  /// - Parameter count: How many pieces, at least 0.
  public func add(_ count: Int = 1) {
    precondition(
      count >= 0, "work is added to a wait group, not \(count) pieces: call done when it has ended")
    state.withLock { $0.count += count }
  }

  /// Counts a piece of work that has ended; the last wakes all who wait.
  ///
  /// - Complexity: O(1) for each task that is woken.
  public func done() {
    let wakeUps: WakeUps? = state.withLock { state in
      guard state.count > 0 else { return nil }
      state.count -= 1
      var wakeUps = WakeUps()
      if state.count == 0 { state.waiters.wakeAll(into: &wakeUps) }
      return wakeUps
    }
    guard let wakeUps else {
      preconditionFailure("done was called more often on a wait group than work was added")
    }
    wakeUps.resume()
  }

  /// Waits until no work is under way; returns at once if there is none.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait; the work goes on. The call may be repeated.
  public func wait() async throws(CancellationError) {
    let waiter = QueuedWaiter(())
    let waits = state.withLock { state in
      guard state.count > 0 else { return false }
      state.waiters.append(waiter)
      return true
    }
    guard waits, await waiter.wait(for: "the work of a wait group") == .cancelled else { return }
    state.withLock { $0.waiters.remove(waiter) }
    throw CancellationError()
  }

  /// What a wait group has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Pieces of work under way.
    public var count: Int
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { Statistics(count: $0.count, waiting: $0.waiters.count) }
  }
}
