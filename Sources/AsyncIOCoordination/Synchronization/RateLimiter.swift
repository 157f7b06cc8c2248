// A rate limiter: the generic cell rate algorithm behind a lock.
//
// One number is kept: the time at which the bucket would be full again. What is taken moves it on by the time that
// it takes to come back; whatever would move it further ahead of now than a full bucket allows has to wait. There is
// no timer while nobody waits, and one while somebody does: the first in line holds the lock and sleeps, the others
// wait for the lock. So they are served in order, and a task that is cancelled has taken nothing: it is charged only
// when its time has come.
//
// Cancelled before it waits: what is there is taken, otherwise the call throws. While it waits: the next in line
// waits in its place, for the rest of the time. At the instant at which its time has come: the exchange of its sleep
// decides. After: the call returns. From other threads: the same; the clock is that of the loop of whoever asks, and
// all real ones are one. The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// Lets a limited number of things happen in a period of time (aiolimiter's `AsyncLimiter`).
///
/// ```swift
/// let requests = RateLimiter(100, per: .seconds(1), burst: 10)
/// for url in urls {
///   try await requests.acquire()
///   createTask { try await fetch(url) }
/// }
/// ```
///
/// Tasks are served in the order in which they came. It may be used from any thread, and follows virtual time in tests.
public final class RateLimiter: Sendable {
  private let line = AsyncLock()
  /// When the bucket is full again, in nanoseconds; changed by who holds the lock.
  private let fullAt = Atomic<Int64>(.min)
  /// How long it takes until one is there again, in nanoseconds.
  private let interval: Int64
  private let burst: Int

  /// Makes a limiter, with all that may come at once there.
  ///
  /// - Parameters:
  ///   - count: How many may happen in `period`, in the long run; at least 1.
  ///   - period: For example a second; at least a nanosecond for each.
  ///   - burst: How many may happen at once after a pause; `count` if nil, and 1 to space them evenly.
  public init(_ count: Int, per period: Duration, burst: Int? = nil) {
    precondition(count > 0, "a rate limiter lets 1 or more happen in a period, not \(count)")
    precondition((burst ?? count) > 0, "a rate limiter lets 1 or more happen at once, not \(burst ?? count)")
    let nanoseconds = period.wholeNanoseconds
    precondition(
      nanoseconds >= Int64(count),
      "\(count) in \(period) are more than one in a nanosecond: there is nothing to limit")
    self.burst = burst ?? count
    // Rounded up: never faster than asked for.
    interval = (nanoseconds - 1) / Int64(count) + 1
    precondition(
      !interval.multipliedReportingOverflow(by: Int64(self.burst)).overflow,
      "\(self.burst) at \(count) in \(period) take longer than 292 years")
  }

  /// Waits until it may happen again.
  ///
  /// - Parameter count: How much is taken at once, from 1 to the burst.
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and nothing is taken then.
  /// - Complexity: O(1), and a timer if it waits.
  ///
  /// ## Cancellation
  /// Ends the wait, and takes nothing; the call may be repeated. A call that need not wait does not look for it.
  public func acquire(_ count: Int = 1) async throws {
    check(count)
    try await line.acquire()
    defer { line.release() }
    while let time = take(count) { try await sleep(until: time) }
  }

  /// Takes what is there, if it suffices and nobody waits.
  ///
  /// - Parameter count: How much is taken at once, from 1 to the burst.
  /// - Returns: Whether it may happen now.
  /// - Complexity: O(1).
  public func tryAcquire(_ count: Int = 1) -> Bool {
    check(count)
    guard line.tryAcquire() else { return false }
    defer { line.release() }
    return take(count) == nil
  }

  /// Takes `count`, with the lock held; if that cannot be yet, when it can be.
  private func take(_ count: Int) -> LoopClock.Instant? {
    let now = LoopClock.now
    let full = LoopClock.Instant(nanoseconds: max(now.nanoseconds, fullAt.load(ordering: .relaxed)))
    let fullAgain = full.advanced(by: .nanoseconds(interval * Int64(count)))
    let due = fullAgain.advanced(by: .nanoseconds(-interval * Int64(burst)))
    guard due <= now else { return due }
    fullAt.store(fullAgain.nanoseconds, ordering: .relaxed)
    return nil
  }

  private func check(_ count: Int) {
    precondition(
      (1...burst).contains(count),
      "a rate limiter with a burst of \(burst) gives 1 to \(burst) at once, not \(count)")
  }

  /// What a rate limiter has to tell.
  public struct Statistics: Sendable, Equatable {
    /// How much could be taken at once now.
    public var available: Int
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  public var statistics: Statistics {
    let behind = fullAt.load(ordering: .relaxed)
    let now = LoopClock.now.nanoseconds
    let missing = behind > now ? (behind - now - 1) / interval + 1 : 0
    let line = line.statistics
    return Statistics(
      available: max(0, burst - Int(missing)), waiting: line.waiting + (line.isLocked ? 1 : 0))
  }
}
