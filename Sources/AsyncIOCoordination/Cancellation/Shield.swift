// Shields: work that a cancellation of its caller does not reach. `withShield` waits for the work all the same, as trio's
// shielded scope; `shield` goes on without it, as asyncio's.

import AsyncIORuntime

/// Runs `body` to its end even if the current task is cancelled (trio's `CancelScope(shield=True)`).
///
/// For what must be done in order: a farewell to the server, the end of a transaction.
///
/// ```swift
/// do { try await transfer(over: connection) } catch {
///   try await withShield { try await withTimeout(.seconds(5)) { try await connection.sayGoodbye() } }
///   throw error
/// }
/// ```
///
/// Give it a timeout, or nothing can end it.
///
/// - Parameter body: What to do. In it `Task.isCancelled` is false, unless something inside cancels it.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
/// - Complexity: One task.
///
/// ## Cancellation
/// Does not reach the body; the caller finds it at its next check or wait.
public func withShield<Result>(
  _ body: () async throws -> Result
) async throws -> Result {
  try await run(in: ScopeContext(shields: true), isolation: #isolation, body)
}

/// Waits for a task without cancelling it when the waiter is cancelled (asyncio's `shield`).
///
/// ```swift
/// let upload = createTask { try await send(file) }
/// try await withTimeout(.seconds(1)) { try await shield(upload) }  // the upload goes on
/// ```
///
/// - Parameter task: Waited for.
/// - Returns: The task's value.
/// - Throws: What the task has thrown; `CancellationError` when the waiter is cancelled.
/// - Complexity: O(1).
///
/// ## Cancellation
/// Throws at once and leaves the task alone. If the task fails later and nobody else has waited for it, its error is reported.
public func shield<Success: Sendable>(_ task: TaskHandle<Success>) async throws -> Success {
  guard let result = await task.core.resultUnlessCancelled() else { throw CancellationError() }
  return try result.get()
}

/// Runs `operation` as a task of the runtime, and waits for it without cancelling it when the waiter is cancelled (asyncio's
/// `shield`).
///
/// ```swift
/// let saved = try await shield { try await store.save(order) }
/// ```
///
/// - Parameters:
///   - fileID: Where the task is made; not to be given.
///   - line: Where the task is made; not to be given.
///   - operation: Goes on when the waiter has gone; cancelled and awaited at the end of `EventLoop.run`.
/// - Returns: What `operation` returns.
/// - Throws: What `operation` throws; `CancellationError` when the waiter is cancelled.
///
/// ## Cancellation
/// Throws at once and leaves the operation running. If it fails later its error is reported.
public func shield<Success: Sendable>(
  fileID: StaticString = #fileID, line: UInt = #line,
  _ operation: @escaping @Sendable () async throws -> Success
) async throws -> Success {
  try Task.checkCancellation()
  return try await shield(createTask(fileID: fileID, line: line, operation))
}
