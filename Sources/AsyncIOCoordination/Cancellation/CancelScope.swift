// Cancel scopes as trio has them: a stretch of code that can be cancelled from anywhere, with or without a deadline, and that ends
// its own cancellation.

public import AsyncIORuntime

/// A stretch of code that can be cancelled without cancelling the task around it (trio's `CancelScope`).
///
/// It is given to the body of `withCancelScope` and may be handed to anyone: another task, a callback, a signal handler.
public struct CancelScope: Sendable {
  let context: ScopeContext

  init(_ context: ScopeContext) { self.context = context }

  /// Cancels the body of the scope and all that it waits for.
  ///
  /// Idempotent: the first reason counts. The body finds itself cancelled from its next check or wait on, and at each one after:
  /// unlike asyncio's, the cancellation of a scope stays until the scope has ended.
  ///
  /// - Parameter reason: For people; the body reads it in `Task.cancellationReason`.
  /// - Returns: Whether this call did it: false if the scope was cancelled before, or has ended.
  @discardableResult
  public func cancel(reason: String? = nil) -> Bool { context.cancel(.requested(reason)) }

  /// Whether the scope was cancelled, by `cancel` or by its deadline, before its body ended.
  public var isCancelled: Bool { context.isCancelled }

  /// Whether the deadline passed before the body ended (asyncio's `Timeout.expired`).
  public var isExpired: Bool { context.isExpired }

  /// When the body must have ended, on the loop's clock; nil if it may take as long as it likes.
  public var deadline: LoopClock.Instant? { context.ownDeadline.map(LoopClock.Instant.init(nanoseconds:)) }

  /// Replaces the deadline (asyncio's `Timeout.reschedule`).
  ///
  /// - Parameter deadline: Nil takes the deadline away; one that has passed cancels the body when it suspends next.
  /// - Returns: False if it is too late: the scope was cancelled or has ended. (asyncio raises; here another thread may call.)
  @discardableResult
  public func reschedule(to deadline: LoopClock.Instant?) -> Bool {
    context.reschedule(to: deadline?.nanoseconds)
  }

  /// When the current task will be cancelled by the scopes that it is in, on the loop's clock (trio's
  /// `current_effective_deadline`).
  ///
  /// The earliest deadline of all scopes around, up to a shield; nil if there is none. To give to a server, say, how much
  /// time is left.
  ///
  /// - Complexity: O(n) in the number of scopes around.
  public static var effectiveDeadline: LoopClock.Instant? {
    TaskContext.current?.effectiveDeadline.map(LoopClock.Instant.init(nanoseconds:))
  }
}

/// Runs `body` so that it can be cancelled without cancelling its caller (trio's `CancelScope`, `move_on_at`).
///
/// ```swift
/// let found = try await withCancelScope { scope in
///   stopButton.onPress = { scope.cancel(reason: "the user gave up") }
///   return try await search()
/// }
/// print(found ?? "nothing")
/// ```
///
/// - Parameters:
///   - deadline: When the scope cancels itself, on the loop's clock; one that has passed lets the body start cancelled.
///   - body: What to do; it gets the scope that it runs in.
/// - Returns: What `body` returns; nil when it ended by the cancellation of this scope.
/// - Throws: What `body` throws.
/// - Complexity: One task; one timer if there is a deadline and the body suspends.
///
/// ## Cancellation
/// Cancels the body and waits for its end; the error is then the body's, a `CancellationError` as a rule, and never nil.
@discardableResult
public func withCancelScope<Result>(
  deadline: LoopClock.Instant? = nil,
  _ body: (CancelScope) async throws -> Result
) async throws -> Result? {
  let scope = deadline.map { ScopeContext(deadline: $0.nanoseconds) } ?? ScopeContext()
  do {
    return try await run(in: scope, isolation: #isolation) { try await body(CancelScope(scope)) }
  } catch {
    guard scope.isCause(of: error) else { throw error }
    return nil
  }
}
