// A token bucket behind a lock. Tokens are counted in billionths, so that "so many in a second" is so many billionths in a
// nanosecond, exactly. It is filled by the time that has passed when somebody looks, and needs no timer.

import AsyncIORuntime
import Synchronization

/// Bounds the retries of many callers together, so that they do not bury a server that is in trouble (Finagle's `RetryBudget`,
/// gRPC's retry throttling).
///
/// Each request pays in a part of a retry, and each retry takes one out. While most requests succeed there is always one; when
/// all fail, retries add no more than that part to the load.
///
/// ```swift
/// let budget = RetryBudget(ratio: 0.1)  // for all calls of one server
/// try await retry(budget: budget) { try await session.get("/") }
/// ```
///
/// It may be used from any thread.
public final class RetryBudget: Sendable {
  private static let token: Int64 = 1_000_000_000

  private struct State {
    var balance: Int64
    /// When time was last counted, in nanoseconds.
    var counted: Int64
    var requests = 0
    var retries = 0
    var refused = 0
  }

  private let share: Int64
  private let minimumPerSecond: Int64
  private let capacity: Int64
  private let state: Mutex<State>

  /// Makes a budget that is full.
  ///
  /// - Parameters:
  ///   - ratio: Retries for each request, from 0 to 1, in the long run.
  ///   - minimumPerSecond: Retries that are allowed each second however few requests there are.
  ///   - capacity: How many retries can be saved up, at least 1.
  public init(ratio: Double = 0.2, minimumPerSecond: Int = 10, capacity: Int = 100) {
    precondition((0...1).contains(ratio), "a retry budget allows 0 to 1 retries for a request, not \(ratio)")
    precondition(
      (0...1_000_000).contains(minimumPerSecond),
      "a retry budget allows 0 to 1,000,000 retries in a second, not \(minimumPerSecond)")
    precondition(
      (1...1_000_000).contains(capacity), "a retry budget holds 1 to 1,000,000 retries, not \(capacity)")
    share = Int64(ratio * Double(Self.token))
    self.minimumPerSecond = Int64(minimumPerSecond)
    self.capacity = Int64(capacity) * Self.token
    state = Mutex(State(balance: Int64(capacity) * Self.token, counted: LoopClock.now.nanoseconds))
  }

  /// Counts a request; `retry` does it for each of its calls.
  public func deposit() {
    let now = LoopClock.now.nanoseconds
    state.withLock { state in
      fill(&state, until: now)
      state.requests += 1
      state.balance = min(capacity, state.balance + share)
    }
  }

  /// Takes a retry out, if there is one; `retry` does it before each further attempt.
  ///
  /// - Returns: Whether there was one; if not, the request is to fail with the error that it has.
  public func tryWithdraw() -> Bool {
    let now = LoopClock.now.nanoseconds
    return state.withLock { state in
      fill(&state, until: now)
      guard state.balance >= Self.token else {
        state.refused += 1
        return false
      }
      state.balance -= Self.token
      state.retries += 1
      return true
    }
  }

  private func fill(_ state: inout State, until now: Int64) {
    // The clocks of two loops may differ where their time is virtual.
    guard now > state.counted else { return }
    let (gain, overflow) = (now - state.counted).multipliedReportingOverflow(by: minimumPerSecond)
    state.counted = now
    state.balance = min(capacity, state.balance + (overflow ? capacity : min(capacity, gain)))
  }

  /// What a budget has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Whole retries that could be taken now.
    public var available: Int
    /// Requests so far.
    public var requests: Int
    /// Retries that were allowed.
    public var retries: Int
    /// Retries that were refused.
    public var refused: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    let now = LoopClock.now.nanoseconds
    return state.withLock { state in
      fill(&state, until: now)
      return Statistics(
        available: Int(state.balance / Self.token), requests: state.requests, retries: state.retries,
        refused: state.refused)
    }
  }
}
