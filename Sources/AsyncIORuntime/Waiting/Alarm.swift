// A timer that finishes a waiter, or a scope's time, set from any thread.
//
// On the thread of the loop that keeps the timer it is set and removed at once, and its identifier is kept here. From other
// threads both go through the loop's inbox, in this order, and the identifier is kept in a box that only the loop's thread
// touches.

/// A timer that finishes a waiter, or tells a scope that its time is over.
package struct Alarm: Sendable {
  private enum Timer: Sendable {
    case here(TimerID)
    case elsewhere(TimerBox)
  }

  private final class TimerBox: @unchecked Sendable {
    // Sendable: touched on the loop's thread only.
    var id: TimerID?
  }

  private let loop: EventLoop
  private let timer: Timer

  /// What the timer is for.
  private enum Target {
    case waiter(Waiter)
    case scope(ScopeContext)

    var payload: TimerPayload {
      switch self {
      case .waiter(let waiter): TimerPayload(waiter)
      case .scope(let scope): TimerPayload(scope)
      }
    }

    /// Whether the timer is of no use any more.
    var isOver: Bool {
      if case .waiter(let waiter) = self { waiter.outcome != nil } else { false }
    }
  }

  /// Sets a timer that finishes `waiter` as woken.
  ///
  /// - Parameters:
  ///   - deadline: Nanoseconds on the loop's clock.
  ///   - loop: The loop that keeps the timer.
  ///   - waiter: Finished when the time has come.
  package init(at deadline: Int64, on loop: EventLoop, for waiter: Waiter) {
    self.init(at: deadline, on: loop, for: .waiter(waiter))
  }

  /// Sets a timer that has `scope` look whether its deadline has passed.
  init(at deadline: Int64, on loop: EventLoop, for scope: ScopeContext) {
    self.init(at: deadline, on: loop, for: .scope(scope))
  }

  private init(at deadline: Int64, on loop: EventLoop, for target: Target) {
    self.loop = loop
    guard !loop.isCurrent else {
      timer = .here(loop.setTimer(at: deadline, target.payload))
      return
    }
    let box = TimerBox()
    timer = .elsewhere(box)
    loop.onLoopThread {
      // Cancelled on its way here.
      if !target.isOver { box.id = loop.setTimer(at: deadline, target.payload) }
    }
  }

  /// Removes the timer if it has not fired.
  package func cancel() {
    let loop = loop
    switch timer {
    case .here(let id):
      // The task may have moved to another loop meanwhile.
      if loop.isCurrent { loop.removeTimer(id) } else { loop.onLoopThread { loop.removeTimer(id) } }
    case .elsewhere(let box):
      loop.onLoopThread {
        if let id = box.id { loop.removeTimer(id) }
      }
    }
  }
}
