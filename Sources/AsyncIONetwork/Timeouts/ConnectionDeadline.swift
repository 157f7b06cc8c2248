// One timer for each connection, moved without touching the loop's timers.
//
// A deadline changes several times within a request, and hardly ever passes. So setting one is storing a number; the
// loop has at most one timer for the connection, which stays where it is when the deadline moves to a later time. A timer
// that fires early sets itself again for what is left; one that fires for no deadline is gone until there is one.
//
// State: `deadline` is when to act, `armed` when the loop's timer fires; both are `never` where there is none. Invariant
// while nobody holds the lock: deadline < never implies armed <= deadline, or a timer for it is about to be set by whoever
// changed it. A timer that was replaced names another time than `armed`, and does nothing.
//
// Who acts: the owner's `deadlineExpired` is called once, by the timer, outside the lock. It may come at the same instant
// as the owner moves the deadline; the lock decides who is first, and `hasExpired` tells the owner. Before that the owner is
// asked, also outside the lock, whether it puts the deadline off; if the deadline was moved meanwhile, the answer is void.
//
// A timer holds the owner, so whoever is done with the owner calls `end`. (A weak reference would make each retain of the
// owner slower for good, and there are several in each request.)

package import AsyncIORuntime
import Synchronization

/// Something that is to be ended when a deadline passes.
package protocol ConnectionDeadlineOwner: AnyObject, Sendable {
  /// Ends whatever waits; called once, on the loop's thread, without a lock.
  func deadlineExpired()

  /// When the deadline that has passed is to be instead; nil to let it pass. Called on the loop's thread, without a lock.
  func postponedDeadline() -> LoopClock.Instant?
}

extension ConnectionDeadlineOwner {
  /// Lets it pass.
  package func postponedDeadline() -> LoopClock.Instant? { nil }
}

/// When a connection is to be closed, unless that is put off.
package final class ConnectionDeadline: Sendable {
  private struct State {
    var deadline = ConnectionDeadline.never
    var armed = ConnectionDeadline.never
    var timer: ScheduledCallback?
    var hasExpired = false
    var hasEnded = false
  }

  private static let never = LoopClock.Instant(nanoseconds: .max)

  private let loop: EventLoop
  private let state = Mutex(State())

  /// Makes a deadline that never passes, with its timers on `loop`.
  package init(on loop: EventLoop) { self.loop = loop }

  /// Whether a deadline has passed: then the connection was closed by that.
  package var hasExpired: Bool { state.withLock { $0.hasExpired } }

  /// Sets or moves the deadline, unless the former one has passed.
  ///
  /// - Returns: false if the former deadline has passed, so that the connection is or will be closed, or after `end`.
  /// - Complexity: O(1) and no allocation when it moves to a later time.
  @discardableResult
  package func set(_ deadline: LoopClock.Instant, for owner: any ConnectionDeadlineOwner) -> Bool {
    let (isAlive, mustArm) = state.withLock { state in
      if state.hasExpired || state.hasEnded { return (false, false) }
      state.deadline = deadline
      if deadline >= state.armed { return (true, false) }
      state.armed = deadline
      return (true, true)
    }
    if mustArm { arm(deadline, for: owner) }
    return isAlive
  }

  /// Removes the deadline.
  ///
  /// - Complexity: O(1).
  package func clear() {
    state.withLock { $0.deadline = Self.never }
  }

  /// Removes the deadline and its timer for good.
  package func end() {
    let timer = state.withLock { state in
      state.hasEnded = true
      return state.timer.take()
    }
    timer?.cancel()
  }

  private func arm(_ instant: LoopClock.Instant, for owner: any ConnectionDeadlineOwner) {
    let timer = loop.callAt(instant) { self.fire(instant, for: owner) }
    // The former timer; or this one, if the end has come meanwhile.
    let superfluous = state.withLock { state in
      if state.hasEnded { return Optional(timer) }
      defer { state.timer = timer }
      return state.timer
    }
    superfluous?.cancel()
  }

  private enum Action { case none, arm(LoopClock.Instant), ask(LoopClock.Instant), expire }

  private func fire(_ instant: LoopClock.Instant, for owner: any ConnectionDeadlineOwner) {
    let now = LoopClock.now
    let action: Action = state.withLock { state in
      guard state.armed == instant, !state.hasExpired, !state.hasEnded else { return .none }
      state.armed = Self.never
      if state.deadline == Self.never { return .none }
      if state.deadline <= now { return .ask(state.deadline) }
      state.armed = state.deadline
      return .arm(state.deadline)
    }
    perform(action, for: owner)
  }

  private func perform(_ action: Action, for owner: any ConnectionDeadlineOwner) {
    switch action {
    case .none: return
    case .arm(let instant): arm(instant, for: owner)
    case .ask(let passed): perform(settle(passed, postponed: owner.postponedDeadline()), for: owner)
    case .expire: owner.deadlineExpired()
    }
  }

  /// What follows when the owner was asked about a deadline that has passed.
  private func settle(_ passed: LoopClock.Instant, postponed: LoopClock.Instant?) -> Action {
    state.withLock { state in
      if state.hasExpired || state.hasEnded || state.deadline == Self.never { return .none }
      if state.deadline == passed {
        guard let postponed else {
          state.hasExpired = true
          return .expire
        }
        state.deadline = postponed
      }
      // Moved, by whom ever: whoever moved it has set a timer if it is later than none.
      if state.armed <= state.deadline { return .none }
      state.armed = state.deadline
      return .arm(state.deadline)
    }
  }
}
