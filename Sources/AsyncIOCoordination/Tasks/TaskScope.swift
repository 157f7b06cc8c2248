// Task scopes: tasks that end before the scope does (trio's nursery, asyncio's `TaskGroup`, Kotlin's `coroutineScope`).
//
// The body runs as the child of a cancel scope (Cancellation/BoundBody.swift), so that a child that fails can cancel it. When it has
// ended, the caller's task waits for the children, which may add further ones, and then the scope is closed.

import AsyncIORuntime

/// Runs `body` with a scope in which it can start tasks, and returns when all of them have ended.
///
/// ```swift
/// try await withTaskScope { scope in
///   let first = scope.createTask { try await fetch("a") }
///   let second = scope.createTask { try await fetch("b") }
///   print(try await first.value, try await second.value)
/// }
/// ```
///
/// When a task or the body throws, the others are cancelled and awaited, and the error is thrown. A task that ends by its own
/// cancellation is no error.
///
/// - Parameter body: Gets the scope, and may pass it on. It runs on the caller's actor and may use what the caller may use.
/// - Returns: What `body` returns.
/// - Throws: The error of a task or of the body as itself; an `ErrorGroup` of all where several have failed;
///   `CancellationError` when the caller is cancelled, or the scope was cancelled by hand and the body ended by that. A scope
///   whose body returns nothing ends without an error after its own `cancel` (asyncio 3.15's `TaskGroup.cancel`).
/// - Complexity: One task for the body, and one for each child.
///
/// ## Cancellation
/// Cancels the body and the tasks, waits for their ends, and throws `CancellationError`, unless one of them has failed: then its
/// error is thrown.
@discardableResult
public func withTaskScope<Result>(
  _ body: (TaskScope) async throws -> Result
) async throws -> Result {
  try await run(TaskScopeCore(isSupervisor: false), body)
}

/// Runs `body` with a scope whose tasks do not disturb each other (Kotlin's `supervisorScope`).
///
/// When a task throws, the others and the body go on. Its error goes to whoever awaits its value; if nobody does, it is reported
/// as unhandled when the last handle is gone, as that of a task of the runtime. In all else as `withTaskScope`.
///
/// ```swift
/// try await withSupervisorScope { scope in
///   for try await connection in listener {
///     scope.createTask { try await serve(connection) }  // one client's error is its own
///   }
/// }
/// ```
///
/// - Parameter body: Gets the scope, and may pass it on.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; then the tasks are cancelled and awaited first.
/// - Complexity: One task for the body, and one for each child.
///
/// ## Cancellation
/// Cancels the body and the tasks, waits for their ends, and throws `CancellationError`.
@discardableResult
public func withSupervisorScope<Result>(
  _ body: (TaskScope) async throws -> Result
) async throws -> Result {
  try await run(TaskScopeCore(isSupervisor: true), body)
}

private func run<Success>(
  _ core: TaskScopeCore, _ body: (TaskScope) async throws -> Success
) async throws -> Success {
  let outcome: Result<Success, any Error>
  var wasCancelled = false
  do {
    outcome = .success(
      try await run(in: core.context, isolation: #isolation) { try await body(TaskScope(core: core)) })
  } catch {
    outcome = .failure(error)
    // A cancellation that the body has got from elsewhere, such as from the value of a cancelled task, is its own.
    wasCancelled = core.context.isCancelled
    core.bodyFailed(error)
  }
  let isInterrupted = await core.close()
  if let error = core.error { throw error }
  switch outcome {
  case .success(let value):
    // Tasks may have been cut short by it, although the body was not.
    if isInterrupted { throw CancellationError() }
    return value
  case .failure(let error):
    if wasCancelled, core.context.isCause(of: error), let nothing = () as? Success { return nothing }
    throw error
  }
}

/// Where tasks can be started that end before the scope does; given to the body of `withTaskScope`.
///
/// It may be passed to tasks, stored, and used from any thread until the scope has ended.
public struct TaskScope: Sendable {
  @usableFromInline let core: TaskScopeCore

  /// Starts `operation` as a task of this scope.
  ///
  /// A task may start others while it runs, also after the body has ended. When the scope was cancelled, or another task has
  /// failed, the operation is not run and the handle's task is cancelled. After the end of the scope this is a mistake and traps.
  ///
  /// - Parameters:
  ///   - name: For people, in reports.
  ///   - eagerStart: Whether the operation begins at once, and runs up to its first suspension before this function returns.
  ///   - fileID: Where the task is made; not to be given.
  ///   - line: Where the task is made; not to be given.
  ///   - operation: Runs on the loop of the caller, after what is ready now.
  /// - Returns: A handle, to wait for the task or to cancel it alone.
  /// - Complexity: O(1).
  @discardableResult
  @inlinable
  public func createTask<Success: Sendable>(
    name: String? = nil, eagerStart: Bool = false, fileID: StaticString = #fileID, line: UInt = #line,
    _ operation: @escaping @Sendable () async throws -> Success
  ) -> TaskHandle<Success> {
    let task = ValuedTaskCore<Success>(name: name, fileID: fileID, line: line, in: core)
    start(task, eagerly: eagerStart) { await task.run(operation) }
    return TaskHandle(core: task)
  }

  /// Starts a task of the scope, if that still takes any.
  @usableFromInline
  func start(_ task: TaskCore, eagerly: Bool, _ body: @escaping @Sendable @isolated(any) () async -> Void) {
    if core.add(task.record) {
      task.start(eagerly: eagerly, body)
    } else {
      task.refuse()
    }
  }

  /// Cancels the body and all tasks of the scope.
  ///
  /// Idempotent: the first reason counts. Tasks that are started afterwards are cancelled before they begin.
  ///
  /// - Parameter reason: For people; tasks read it in `Task.cancellationReason`.
  public func cancel(reason: String? = nil) { core.context.cancel(.requested(reason)) }

  /// Whether the scope was cancelled: by `cancel`, or because a task or the body has failed.
  public var isCancelled: Bool { core.isCancelled }

  /// How many tasks have not ended yet.
  public var count: Int { core.count }
}
