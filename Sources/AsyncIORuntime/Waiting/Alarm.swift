// A timer that finishes a waiter, set from any thread.
//
// The waiter's `timer` belongs to the thread of the loop that keeps the timer: it is written there when the timer is
// set and read there when it is cancelled. On that thread both happen at once; from others both go through the
// loop's inbox, in this order.

/// A timer that finishes a waiter.
package struct Alarm: Sendable {
  private let loop: EventLoop
  private let waiter: Waiter

  /// Sets a timer that finishes `waiter` as woken.
  ///
  /// - Parameters:
  ///   - deadline: Nanoseconds on the loop's clock.
  ///   - loop: The loop that keeps the timer.
  ///   - waiter: Finished when the time has come; it carries one alarm at most.
  package init(at deadline: Int64, on loop: EventLoop, for waiter: Waiter) {
    self.loop = loop
    self.waiter = waiter
    if loop.isCurrent {
      Self.set(deadline, loop, waiter)
    } else {
      loop.onLoopThread { if waiter.outcome == nil { Self.set(deadline, loop, waiter) } }
    }
  }

  /// Removes the timer if it has not fired.
  package func cancel() {
    if loop.isCurrent {
      Self.remove(loop, waiter)
    } else {
      let (loop, waiter) = (loop, waiter)
      loop.onLoopThread { Self.remove(loop, waiter) }
    }
  }

  private static func set(_ deadline: Int64, _ loop: EventLoop, _ waiter: Waiter) {
    waiter.timer = loop.setTimer(at: deadline, TimerPayload(waiter))
  }

  private static func remove(_ loop: EventLoop, _ waiter: Waiter) {
    guard let timer = waiter.timer else { return }
    waiter.timer = nil
    loop.removeTimer(timer)
  }
}
