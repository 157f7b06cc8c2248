// Timeouts and deadlines: cancel scopes that know when, and say so by an error of their own.
//
// A `TimeoutError` says that time was the reason and nothing else: the body ended by a cancellation, the deadline caused it, and
// the caller was not cancelled too. What the body returns is returned, late or not; what else it throws is thrown.

public import AsyncIORuntime

/// Runs `body`, and cancels it when it takes longer than `duration` (asyncio's `wait_for` and `timeout`).
///
/// ```swift
/// do { try await withTimeout(.seconds(5)) { try await fetch(url) } }
/// catch is TimeoutError { print("too slow") }
/// ```
///
/// The body runs on the caller's actor and may use what the caller may use. It is always awaited: when the time is over it is
/// cancelled, and this function returns when it has ended. A value that it returns nevertheless is returned.
/// A duration of zero or less does not start the body at all. Timeouts nest: the earliest ends what is in it.
///
/// - Parameters:
///   - duration: How long the body may take, on the loop's clock.
///   - body: What to do.
/// - Returns: What `body` returns.
/// - Throws: `TimeoutError` when the body ended by the cancellation that the expiry caused; otherwise what `body` throws.
/// - Complexity: One task; one timer if the body suspends.
///
/// ## Cancellation
/// Cancels the body and waits for its end; the error is then the body's, a `CancellationError` as a rule, and never a
/// `TimeoutError`. A cancellation that comes while the body computes is seen by it when it has suspended once.
@inlinable
public func withTimeout<Result>(
  _ duration: Duration,
  _ body: () async throws -> Result
) async throws -> Result {
  let scope = try ScopeContext.timeout(duration)
  do {
    let result = try await run(in: scope, isolation: #isolation, body)
    ScopeContext.giveBack(scope)
    return result
  } catch {
    throw scope.timeoutError(insteadOf: error)
  }
}

/// Runs `body` with a timeout that it may look at and change.
///
/// ```swift
/// try await withTimeout(.seconds(30)) { scope in
///   while let chunk = try await next() {
///     scope.reschedule(to: .now.advanced(by: .seconds(30)))  // thirty seconds of silence, not in all
///     try await store(chunk)
///   }
/// }
/// ```
///
/// - Parameters:
///   - duration: How long the body may take, on the loop's clock, until it is rescheduled.
///   - body: What to do; it gets the scope that it runs in.
/// - Returns: What `body` returns.
/// - Throws: As without a scope; a `CancellationError` also if the scope was cancelled by hand.
///
/// ## Cancellation
/// As without a scope.
public func withTimeout<Result>(
  _ duration: Duration,
  _ body: (CancelScope) async throws -> Result
) async throws -> Result {
  let scope = try ScopeContext.timeout(duration)
  do {
    return try await run(in: scope, isolation: #isolation) { try await body(CancelScope(scope)) }
  } catch {
    throw scope.timeoutError(insteadOf: error)
  }
}

/// Runs `body`, and cancels it when it has not ended at `deadline` (asyncio's `timeout_at`).
///
/// ```swift
/// let deadline = LoopClock.now.advanced(by: .seconds(5))
/// for url in urls { pages.append(try await withDeadline(deadline) { try await fetch(url) }) }
/// ```
///
/// As `withTimeout` in all else. A deadline that has passed does not start the body at all.
///
/// - Parameters:
///   - deadline: When the body must have ended, on the loop's clock.
///   - body: What to do.
/// - Returns: What `body` returns.
/// - Throws: `TimeoutError` when the body ended by the cancellation that the deadline caused; otherwise what `body` throws.
///
/// ## Cancellation
/// Cancels the body and waits for its end; the error is then the body's, and never a `TimeoutError`.
@inlinable
public func withDeadline<Result>(
  _ deadline: LoopClock.Instant,
  _ body: () async throws -> Result
) async throws -> Result {
  try await withTimeout(LoopClock.now.duration(to: deadline), body)
}

/// Runs `body` with a deadline that it may look at and change.
///
/// - Parameters:
///   - deadline: When the body must have ended, on the loop's clock, until it is rescheduled.
///   - body: What to do; it gets the scope that it runs in.
/// - Returns: What `body` returns.
/// - Throws: As without a scope; a `CancellationError` also if the scope was cancelled by hand.
///
/// ## Cancellation
/// As without a scope.
public func withDeadline<Result>(
  _ deadline: LoopClock.Instant,
  _ body: (CancelScope) async throws -> Result
) async throws -> Result {
  try await withTimeout(LoopClock.now.duration(to: deadline), body)
}

/// Runs `body`, and returns nil when it takes longer than `duration` (trio's `move_on_after`, Kotlin's `withTimeoutOrNull`).
///
/// ```swift
/// let price = try await withTimeoutOrNil(.milliseconds(200)) { try await quote() } ?? lastPrice
/// ```
///
/// - Parameters:
///   - duration: How long the body may take, on the loop's clock; if it is zero or less the body is not started.
///   - body: What to do.
/// - Returns: What `body` returns; nil when it ended by the cancellation that the expiry caused.
/// - Throws: What `body` throws; a `TimeoutError` of another timeout inside or around is not taken for this one's.
///
/// ## Cancellation
/// Cancels the body and waits for its end; the error is then the body's, and never nil.
@discardableResult
public func withTimeoutOrNil<Result>(
  _ duration: Duration,
  _ body: () async throws -> Result
) async throws -> Result? {
  guard duration > .zero else {
    try Task.checkCancellation()
    return nil
  }
  let scope = ScopeContext.bounded(by: duration)
  do {
    let result = try await run(in: scope, isolation: #isolation, body)
    ScopeContext.giveBack(scope)
    return result
  } catch {
    guard scope.isCause(of: error), scope.isExpired else { throw error }
    return nil
  }
}

extension ScopeContext {
  /// The scope of a timeout, if there is any time.
  @usableFromInline
  static func timeout(_ duration: Duration) throws -> ScopeContext {
    guard duration > .zero else {
      try Task.checkCancellation()
      throw TimeoutError(after: duration)
    }
    return bounded(by: duration)
  }

  fileprivate static func bounded(by duration: Duration) -> ScopeContext {
    // What is less than a nanosecond is a nanosecond.
    bounded(by: max(1, duration.wholeNanoseconds))
  }

  /// What to throw for an error of the body.
  @usableFromInline
  func timeoutError(insteadOf error: any Error) -> any Error {
    isExpired && isCause(of: error) ? TimeoutError(after: time) : error
  }

  /// Whether `error` is the cancellation that came from this scope and from nothing around it.
  func isCause(of error: any Error) -> Bool {
    error is CancellationError && isCancelled && (isShield || !Task.isCancelled)
  }
}
