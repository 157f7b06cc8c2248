// Attempts, one after another, until one succeeds or there is a reason to give up.
//
// The error that comes out is that of the last attempt itself, and not one that wraps it: whoever has written `catch` for an
// operation need not write another one when a retry is put around it. How many attempts there were, how long they took and what
// the others have thrown is told to `onFailure`, for each attempt as it fails.
//
// Cancelled before or while an attempt runs: the attempt finds it, and whatever it throws then is thrown, as a caller that is
// cancelled wants no other attempt; so a timeout around the retry is never taken for a failure to be tried again. While it
// waits for the next attempt: the wait ends with a CancellationError. A CancellationError of the operation's own making is
// never tried again either.

import AsyncIORuntime

/// Calls `operation` until it succeeds (tenacity's `retry`, backon's `Retryable`).
///
/// ```swift
/// let page = try await retry(attempts: 5, backoff: .exponential(from: .milliseconds(100), to: .seconds(10))) {
///   try await fetch(url)
/// }
/// ```
///
/// The error of the last attempt is thrown as it is. There is no further attempt, and no sleep, where
/// - `attempts` is reached,
/// - `isRetryable` says no,
/// - the caller was cancelled, or the operation has thrown a `CancellationError`,
/// - `timeout`, or a timeout or deadline around the call, would be over before it,
/// - `budget` allows no more.
///
/// A `TimeoutError` of a timeout inside of the operation, or of `attemptTimeout`, is an error like others.
///
/// - Parameters:
///   - attempts: How many, at least 1.
///   - backoff: How long to wait before each further one.
///   - attemptTimeout: How long one attempt may take.
///   - timeout: How long all may take, with the delays; an attempt that runs then is cancelled.
///   - budget: Shared with others, so that all together do not retry too often.
///   - isRetryable: Whether an error is one that may go away; all are by default.
///   - retryAfter: How long to wait after this error, such as a server's `Retry-After`; nil for the backoff's delay.
///   - onFailure: Called for each attempt that fails, before the sleep, or before the error is thrown; what it throws is thrown.
///   - operation: Runs where its caller runs.
/// - Returns: What `operation` returns.
/// - Throws: What the last attempt has thrown; `TimeoutError` when `timeout` is over while an attempt runs.
/// - Complexity: Where the first attempt succeeds, a few calls; a task for each attempt with an `attemptTimeout`.
///
/// ## Cancellation
/// Ends the attempt, or the wait for the next one.
public func retry<Result>(
  attempts: Int = 3,
  backoff: Backoff = .exponential(from: .milliseconds(100), to: .seconds(10)),
  attemptTimeout: Duration? = nil,
  timeout: Duration? = nil,
  budget: RetryBudget? = nil,
  when isRetryable: (any Error) -> Bool = { _ in true },
  retryAfter: (any Error) -> Duration? = { _ in nil },
  onFailure: (FailedAttempt) async throws -> Void = { _ in },
  _ operation: () async throws -> Result
) async throws -> Result {
  try await retry(
    attempts: attempts, backoff: backoff, attemptTimeout: attemptTimeout, timeout: timeout, budget: budget,
    when: isRetryable, retryAfter: retryAfter, onFailure: onFailure
  ) { _ in try await operation() }
}

/// Calls `operation`, with the number of the attempt, until it succeeds.
///
/// ```swift
/// try await retry(attempts: 5) { attempt in
///   try await send(message, isRepeated: attempt > 1)
/// }
/// ```
///
/// - Parameters:
///   - attempts: How many, at least 1.
///   - backoff: How long to wait before each further one.
///   - attemptTimeout: How long one attempt may take.
///   - timeout: How long all may take, with the delays; an attempt that runs then is cancelled.
///   - budget: Shared with others, so that all together do not retry too often.
///   - isRetryable: Whether an error is one that may go away; all are by default.
///   - retryAfter: How long to wait after this error; nil for the backoff's delay.
///   - onFailure: Called for each attempt that fails, before the sleep, or before the error is thrown.
///   - operation: Runs where its caller runs; gets the number of the attempt, from 1 on.
/// - Returns: What `operation` returns.
/// - Throws: As where the operation gets no number.
///
/// ## Cancellation
/// Ends the attempt, or the wait for the next one.
public func retry<Result>(
  attempts: Int = 3,
  backoff: Backoff = .exponential(from: .milliseconds(100), to: .seconds(10)),
  attemptTimeout: Duration? = nil,
  timeout: Duration? = nil,
  budget: RetryBudget? = nil,
  when isRetryable: (any Error) -> Bool = { _ in true },
  retryAfter: (any Error) -> Duration? = { _ in nil },
  onFailure: (FailedAttempt) async throws -> Void = { _ in },
  _ operation: (Int) async throws -> Result
) async throws -> Result {
  var attempting = Attempting(
    attempts: attempts, delays: backoff.makeIterator(), timeout: attemptTimeout, budget: budget)
  guard let timeout else {
    return try await attempting.run(isRetryable, retryAfter, onFailure, operation)
  }
  return try await withTimeout(timeout) {
    try await attempting.run(isRetryable, retryAfter, onFailure, operation)
  }
}

/// A call of `retry` under way.
private struct Attempting {
  private let attempts: Int
  private var delays: Backoff.Iterator
  private let timeout: Duration?
  private let budget: RetryBudget?
  private let start = LoopClock.now

  init(attempts: Int, delays: Backoff.Iterator, timeout: Duration?, budget: RetryBudget?) {
    precondition(attempts > 0, "a retry makes 1 attempt or more, not \(attempts)")
    (self.attempts, self.delays, self.timeout, self.budget) = (attempts, delays, timeout, budget)
  }

  mutating func run<Result>(
    _ isRetryable: (any Error) -> Bool, _ retryAfter: (any Error) -> Duration?,
    _ onFailure: (FailedAttempt) async throws -> Void, _ operation: (Int) async throws -> Result
  ) async throws -> Result {
    budget?.deposit()
    var number = 1
    while true {
      do {
        guard let timeout else { return try await operation(number) }
        return try await withTimeout(timeout) { try await operation(number) }
      } catch {
        guard !(error is CancellationError), !Task.isCancelled else { throw error }
        let next = next(after: error, number, isRetryable, retryAfter)
        try await onFailure(
          FailedAttempt(number: number, error: error, elapsed: start.duration(to: .now), next: next))
        guard case .retries(let delay) = next else { throw error }
        try await sleep(for: delay)
        // It may have been woken just before.
        try Task.checkCancellation()
        number += 1
      }
    }
  }

  private mutating func next(
    after error: any Error, _ number: Int, _ isRetryable: (any Error) -> Bool,
    _ retryAfter: (any Error) -> Duration?
  ) -> FailedAttempt.Next {
    guard isRetryable(error) else { return .givesUp(.notRetryable) }
    guard number < attempts else { return .givesUp(.attempts) }
    let delay = max(.zero, retryAfter(error) ?? delays.next() ?? .zero)
    if let deadline = CancelScope.effectiveDeadline, LoopClock.now.advanced(by: delay) >= deadline {
      return .givesUp(.deadline)
    }
    if let budget, !budget.tryWithdraw() { return .givesUp(.budget) }
    return .retries(after: delay)
  }
}
