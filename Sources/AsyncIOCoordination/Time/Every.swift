// `every`: ticks at even distances.
//
// The iterator keeps nothing but the instant at which the next tick is due; between two ticks the task sleeps, with one timer.
// So there is nothing that could be left behind, and all that `sleep` promises of cancellation holds, before it sleeps and
// while it sleeps. At the instant of the tick the cancellation wins, so that no body begins in a task that is cancelled.
//
// The rules for ticks that are late are tokio's (`tokio::time::MissedTickBehavior`, `Interval::poll_tick`).

public import AsyncIORuntime

/// What becomes of ticks that nobody has taken in time (tokio's `MissedTickBehavior`).
///
/// Say that ticks come every 50 ms, and that the body takes 180 ms after the first, and no time later.
public enum MissedTicks: Sendable {
  /// They are made up for, one right after another: at 0, 180, 180, 180, 200, 250 ms.
  case burst
  /// The next is a whole interval after the one that was late, and the times shift: at 0, 180, 230, 280 ms.
  case delay
  /// They are left out, and the next is where one would have been: at 0, 180, 200, 250 ms.
  case skip
}

/// Gives a tick every `interval`, until the task is cancelled (tokio's `interval`).
///
/// ```swift
/// for await _ in every(.seconds(1)) { print(statistics.line) }
/// ```
///
/// Ticks are counted from the first, so that the time that the body takes does not add up. A tick is late when it is taken
/// more than 5 milliseconds, or half of the interval if that is less, after it was due; `missed` says what becomes of those
/// that should have come meanwhile. Each tick gives way to what is ready.
///
/// - Parameters:
///   - interval: From one tick to the next, on the loop's clock; more than zero.
///   - startsNow: Whether the first tick comes at once; otherwise after an interval.
///   - missed: What becomes of ticks that nobody has taken in time.
/// - Returns: The instants at which the ticks were due, which is earlier than now if a tick is late.
/// - Complexity: O(log n) for each tick, in the number of the loop's timers; one timer at a time.
///
/// ## Cancellation
/// Ends the iteration, without an error and at once: what comes after the loop runs in a cancelled task, as a rule to
/// clean up. A tick is never given in a cancelled task.
public func every(
  _ interval: Duration, startsNow: Bool = true, missed: MissedTicks = .burst
) -> Ticks {
  precondition(interval > .zero, "every's interval is more than zero, not \(interval)")
  return Ticks(interval: interval, startsNow: startsNow, missed: missed)
}

/// Ticks at even distances.
public struct Ticks: AsyncSequence, Sendable {
  /// The instant at which a tick was due.
  public typealias Element = LoopClock.Instant
  /// There are no errors.
  public typealias Failure = Never

  let interval: Duration
  let startsNow: Bool
  let missed: MissedTicks

  /// Makes an iterator, whose time begins with its first `next`.
  public func makeAsyncIterator() -> Iterator { Iterator(ticks: self) }

  /// Gives the ticks of one iteration.
  public struct Iterator: AsyncIteratorProtocol {
    private enum State {
      /// Nobody has asked for a tick → due, over.
      case unstarted
      /// The next tick is due at the instant → due, over.
      case due(LoopClock.Instant)
      /// The task was cancelled (last).
      case over
    }

    private let ticks: Ticks
    private var state = State.unstarted

    init(ticks: Ticks) { self.ticks = ticks }

    /// Waits for the next tick, and returns the instant at which it was due; nil when the task is cancelled, and ever after.
    ///
    /// ## Cancellation
    /// Ends the iteration at once.
    public mutating func next() async -> LoopClock.Instant? {
      let due: LoopClock.Instant
      switch state {
      case .unstarted: due = ticks.startsNow ? .now : .now.advanced(by: ticks.interval)
      case .due(let instant): due = instant
      case .over: return nil
      }
      do {
        try await sleep(until: due)
        // Cancelled at the instant of the tick, after the timer and before this task ran.
        try Task.checkCancellation()
      } catch {
        state = .over
        return nil
      }
      state = .due(ticks.next(after: due, at: .now))
      return due
    }
  }

  /// When the tick comes that follows one that was due at `due` and is taken at `now`.
  private func next(after due: LoopClock.Instant, at now: LoopClock.Instant) -> LoopClock.Instant {
    let lateness = due.duration(to: now)
    guard lateness > Swift.min(.milliseconds(5), interval / 2) else { return due.advanced(by: interval) }
    switch missed {
    case .burst: return due.advanced(by: interval)
    case .delay: return now.advanced(by: interval)
    case .skip:
      let intervals = lateness.wholeNanoseconds / Swift.max(1, interval.wholeNanoseconds)
      return due.advanced(by: interval * (intervals + 1))
    }
  }
}
