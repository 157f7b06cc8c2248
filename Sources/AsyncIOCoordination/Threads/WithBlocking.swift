// Calls that block or compute, from async code.
//
// The functions themselves are compiled for the caller's types; what they do is in PoolCall.swift.

import AsyncIORuntime

/// Runs `body` on a thread of a pool, and suspends the current task until it has returned (asyncio's `to_thread` and
/// `run_in_executor`).
///
/// For calls that block: file systems, C libraries. What computes for long goes to `withCompute`.
///
/// ```swift
/// let rows = try await withBlocking { try database.query(sql) }
/// ```
///
/// The call has the task-local values of its caller. It may look at `Task.isCancelled` to see whether it is still wanted, and
/// come back to the loop with `EventLoop.runBlocking`.
///
/// - Parameters:
///   - pool: Whose threads; by default those of `ThreadPool.blocking`, up to 64. Calls beyond that wait their turn.
///   - policy: What becomes of the call when the current task is cancelled.
///   - name: For people, in reports.
///   - fileID: Where the call is made; not to be given.
///   - line: Where the call is made; not to be given.
///   - body: Runs on another thread.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; `CancellationError` when the current task is cancelled before the call has begun, or the call
///   is abandoned; `IOError` when the system has no thread left.
/// - Complexity: One task.
///
/// ## Cancellation
/// A call that has not begun is not made, and `CancellationError` is thrown. A call that has begun is awaited, as it cannot be
/// interrupted, and what it returns is returned. With `onCancel: .abandon` it is not awaited: it goes on by itself, its result is
/// dropped, and an error other than `CancellationError` is reported. At the end of `EventLoop.run` it has the grace to end, and
/// is named if it does not.
@inlinable
public func withBlocking<Result: Sendable>(
  on pool: ThreadPool = .blocking, onCancel policy: ThreadPool.CancellationPolicy = .wait,
  name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  let box = CallValue<Result>()
  let call = PoolCall(name: name, fileID: fileID, line: line) { box.value = try body() }
  switch policy {
  case .wait: try await call.perform(on: pool)
  case .abandon: try await call.performUnlessCancelled(on: pool)
  }
  guard let value = box.value else { preconditionFailure("a blocking call has ended and left no value") }
  return value
}

/// Runs `body` on a thread of the compute pool, and suspends the current task until it has returned.
///
/// For what keeps a core busy for long: the loop goes on meanwhile. The pool has as many threads as there are cores, so that
/// computations do not slow each other down; what waits instead goes to `withBlocking`. For many elements there is `parallelMap`.
///
/// ```swift
/// let digest = try await withCompute { slowHash(bytes) }
/// ```
///
/// - Parameters:
///   - policy: What becomes of the computation when the current task is cancelled.
///   - name: For people, in reports.
///   - fileID: Where the call is made; not to be given.
///   - line: Where the call is made; not to be given.
///   - body: Runs on another thread.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; `CancellationError` and `IOError` as `withBlocking`.
/// - Complexity: One task.
///
/// ## Cancellation
/// As `withBlocking`: a computation that looks at `Task.isCancelled` can end early.
@inlinable
public func withCompute<Result: Sendable>(
  onCancel policy: ThreadPool.CancellationPolicy = .wait,
  name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withBlocking(on: .compute, onCancel: policy, name: name, fileID: fileID, line: line, body)
}
