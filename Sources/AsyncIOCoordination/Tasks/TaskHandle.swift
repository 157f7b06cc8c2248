// Tasks that the runtime owns, and the handle to any task of ours.

import AsyncIORuntime

/// Starts `operation` as a task of its own (asyncio's `create_task`).
///
/// The runtime owns the task: it runs to its end even if the handle is dropped, and what is left at the end of
/// `EventLoop.run` is cancelled and awaited. An error that nobody asks for is reported.
///
/// ```swift
/// let pages = createTask(name: "crawler") { try await crawl(site) }
/// print(try await pages.value)
/// ```
///
/// - Parameters:
///   - name: For people, in reports.
///   - eagerStart: Whether the operation begins at once, before this function returns, and runs up to its first suspension
///     (asyncio's `eager_start`). If it need not wait, it has ended then.
///   - fileID: Where the task is made; not to be given.
///   - line: Where the task is made; not to be given.
///   - operation: Runs on the loop of the caller, after what is ready now. A task that is cancelled before it starts never
///     runs it.
/// - Returns: A handle, to wait for the task or to cancel it.
/// - Complexity: O(1).
@discardableResult
@inlinable
public func createTask<Success: Sendable>(
  name: String? = nil, eagerStart: Bool = false, fileID: StaticString = #fileID, line: UInt = #line,
  _ operation: @escaping @Sendable () async throws -> Success
) -> TaskHandle<Success> {
  let core = ValuedTaskCore<Success>(name: name, fileID: fileID, line: line)
  core.start(eagerly: eagerStart) { await core.run(operation) }
  return TaskHandle(core: core)
}

/// What a task is doing.
public enum TaskState: Sendable {
  /// Made, not started.
  case scheduled
  /// Started, not ended; it may be waiting.
  case running
  /// Ended with a value or an error.
  case finished
  /// Ended by its cancellation.
  case cancelled
}

/// A task that was started with `createTask`, here or on a task scope.
///
/// Handles may be copied and sent anywhere; dropping them does not end the task.
public struct TaskHandle<Success: Sendable>: Sendable {
  @usableFromInline let core: ValuedTaskCore<Success>

  @inlinable
  init(core: ValuedTaskCore<Success>) { self.core = core }

  /// The name that the task was given.
  public var name: String? { core.record.name }

  /// What the task is doing.
  public var state: TaskState {
    if core.isDone { return core.isCancelled ? .cancelled : .finished }
    return core.record.state == .scheduled ? .scheduled : .running
  }

  /// Whether the task has ended, in whatever way.
  public var isDone: Bool { core.isDone }

  /// Whether the task has ended by a cancellation: a task that was cancelled and still returned a value was not.
  public var isCancelled: Bool { core.isCancelled }

  /// The value or the error of a task that has ended, without waiting; nil before.
  public var result: Result<Success, any Error>? { core.result }

  /// Cancels the task.
  ///
  /// A task that has not started never runs its operation. One that runs finds itself cancelled at its next check or wait; it
  /// may clean up, and may even go on to a value.
  ///
  /// - Parameter reason: For people; the task reads it in `Task.cancellationReason`.
  /// - Returns: False if the task has ended.
  @discardableResult
  public func cancel(reason: String? = nil) -> Bool {
    core.cancel(reason: reason)
  }

  /// Waits for the task and returns its value.
  ///
  /// - Throws: What the task has thrown; a `CancellationError` if it was cancelled and ended by that.
  ///
  /// ## Cancellation
  /// Cancels the task too, and waits for its end: awaiting a task is not a shield (as in asyncio). `shield` is one.
  @inlinable
  public var value: Success {
    get async throws { try core.get(await core.finalOutcomeCancelling()) }
  }
}
