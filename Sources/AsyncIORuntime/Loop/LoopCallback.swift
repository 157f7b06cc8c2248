// A callback of `callSoon`, `callLater` or `callAt`.
//
// Who runs it, and how often: the state word goes from `scheduled` to `done` once, by the loop that runs the
// callback or by `cancel`, whichever comes first; only the one that changes it acts. A cancelled callback that
// is still queued is dropped when its turn comes; one that waits for a timer is removed from the timers at once.

import Synchronization

/// A scheduled callback.
final class LoopCallback: @unchecked Sendable {
  // Sendable: `state` is atomic; `body` is taken by whoever changes the state; `timer` belongs to the loop.
  private enum State: UInt8, AtomicRepresentable {
    case scheduled, done
  }

  private let state = Atomic<State>(.scheduled)
  private var body: (@Sendable () -> Void)?
  /// The timer that this callback waits for.
  var timer: TimerID?

  init(_ body: @escaping @Sendable () -> Void) {
    self.body = body
  }

  /// Takes the callback out; nil if it has run or was cancelled.
  private func take() -> (@Sendable () -> Void)? {
    guard state.exchange(.done, ordering: .acquiringAndReleasing) == .scheduled else { return nil }
    defer { body = nil }
    return body
  }

  func run() { take()?() }

  /// Keeps the callback from running; false if it has run or was cancelled before.
  func cancel() -> Bool { take() != nil }

  var isDone: Bool { state.load(ordering: .acquiring) == .done }
}

/// A callback that was scheduled on a loop, as a way to cancel it (asyncio's `Handle` and `TimerHandle`).
public struct ScheduledCallback: Sendable {
  let callback: LoopCallback
  let loop: EventLoop

  /// Keeps the callback from running, from any thread.
  ///
  /// Returns false if it has already run, is running, or was cancelled before. A timer is removed at once, and
  /// what the callback has captured is released.
  ///
  /// - Complexity: O(log n) in the number of the loop's timers.
  @discardableResult
  public func cancel() -> Bool {
    guard callback.cancel() else { return false }
    loop.forgetTimer(of: callback)
    return true
  }

  /// Whether the callback was cancelled or has been started.
  public var isDone: Bool { callback.isDone }
}
