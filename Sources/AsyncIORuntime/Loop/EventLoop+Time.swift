// The loop's time, real or virtual, and the timers that are set on it.
//
// Virtual time stands still while anything can run. When nothing can, it jumps to the next timer. The loop
// still takes what other threads send, and the events of real descriptors: before it jumps it gives those a
// moment of real time (`settleLooks`) if descriptors are registered or blocking work is under way, since their
// completion would come first in any schedule that a test could mean. That moment is made of many short ones: a machine
// that stops for a while stops this thread as well as those that it waits for, and takes one of them only.

internal import CAsyncIO
import Synchronization

/// Where a loop takes its time from.
package enum TimeSource: Sendable {
  /// The system's monotonic clock.
  case system
  /// A clock that stands still while anything can run, and jumps to the next timer when nothing can.
  case virtual
}

extension EventLoop {
  /// How often a loop with virtual time looks for events from outside before it jumps, two milliseconds each.
  private static let settleLooks = 10
  /// How often before it says that nothing can ever run.
  private static let deadlockLooks = 100

  /// Now, in nanoseconds of the loop's clock.
  var now: Int64 {
    switch time {
    case .system: casyncio_now()
    case .virtual: virtualNow.load(ordering: .relaxed)
    }
  }

  /// Sleeps where time is virtual: takes events from outside, then jumps, then reports a deadlock.
  func sleepVirtually() {
    if outsideWork.load(ordering: .acquiring) > 0 {
      wait(-1)
      return
    }
    if poller.hasRegistrations, hasVisitors(in: Self.settleLooks) { return }
    if let earliest = unsafe core.pointee.timers.earliest {
      let now = max(earliest, virtualNow.load(ordering: .relaxed))
      virtualNow.store(now, ordering: .relaxed)
      fireTimers(at: now)
      return
    }
    // Other threads may still be about to send something that nobody counts: the main actor's for one.
    if hasVisitors(in: Self.deadlockLooks) { return }
    if let onDeadlock {
      self.onDeadlock = nil
      onDeadlock()
    } else {
      wait(-1)
    }
  }

  /// Gives events from outside some real time to come in; true as soon as there is something to do.
  private func hasVisitors(in looks: Int) -> Bool {
    for _ in 0..<looks {
      let end = casyncio_now() + 2_000_000
      while case let rest = end - casyncio_now(), rest > 0 {
        // It may return early for nothing: a wake-up of long ago, or an event of the past.
        wait(rest)
        if unsafe core.pointee.ready.count > 0 || inbox.hasItems { return true }
      }
    }
    return false
  }

  /// Counts work on other threads that will come back to this loop, so that virtual time waits for it.
  package func beginOutsideWork() {
    if time == .virtual { outsideWork.add(1, ordering: .acquiringAndReleasing) }
  }

  /// Ends what `beginOutsideWork` began; called on any thread, after the result was sent.
  package func endOutsideWork() {
    guard time == .virtual else { return }
    outsideWork.subtract(1, ordering: .acquiringAndReleasing)
    wake()
  }

  /// The delay that unmodified code meant, where time is virtual.
  ///
  /// `Task.sleep(for:)` reads the real clock, adds its duration to it, and asks for that instant a moment later: of the
  /// delay as it is now, some microseconds are missing, or more where the thread was kept from running. It was read
  /// after the running item had begun, so what was meant lies between the rest and the rest as of then; the roundest
  /// number there is taken.
  func virtualDelay(untilRealInstantIn rest: Duration) -> Duration {
    guard time == .virtual, rest > .zero, isCurrent else { return rest }
    let least = rest.wholeNanoseconds
    let elapsed = unsafe casyncio_now() - core.pointee.itemStart
    return .nanoseconds(Self.roundest(in: least...least.addingSaturated(elapsed)))
  }

  /// The number in `range` that is a multiple of the highest power of ten, or of five or two times that.
  static func roundest(in range: ClosedRange<Int64>) -> Int64 {
    var best = range.lowerBound
    var power: Int64 = 1
    while power <= range.upperBound / 10 {
      for factor in [2, 5, 10] as [Int64] {
        let step = power * factor
        let multiple = range.upperBound / step * step
        if multiple >= range.lowerBound { best = multiple }
      }
      power *= 10
    }
    return best
  }

  // MARK: For tests

  /// Who waits for what, oldest first; on the loop's own thread, where `notesWaits` was set.
  package var waits: [Wait] {
    precondition(isCurrent, "the waits of a loop are asked for on its own thread")
    return unsafe core.pointee.waiting?.waits ?? []
  }

  /// Whether at most `others` items can run now, descriptors included; on the loop's own thread.
  package func isQuiet(besides others: Int) -> Bool {
    precondition(isCurrent, "a loop is asked on its own thread whether it is quiet")
    if poller.hasRegistrations { _ = poller.poll(timeout: 0) }
    return unsafe core.pointee.ready.count <= others && !inbox.hasItems
  }

  // MARK: Timers

  /// Sets a timer, on the loop's own thread.
  func setTimer(at deadline: Int64, _ payload: TimerPayload) -> TimerID {
    precondition(isCurrent, "a timer is set on its loop's own thread")
    return unsafe core.pointee.timers.insert(deadline: deadline, payload: payload.word)
  }

  /// Removes a timer, on the loop's own thread; nothing if it has fired.
  func removeTimer(_ id: TimerID) {
    precondition(isCurrent, "a timer is removed on its loop's own thread")
    guard let payload = unsafe core.pointee.timers.remove(id) else { return }
    TimerPayload(word: payload).drop()
  }

  /// How many timers are set; exact on the loop's own thread only.
  package var timerCount: Int { unsafe core.pointee.timers.count }
}

extension Int64 {
  /// The sum, or the greatest number.
  fileprivate func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
