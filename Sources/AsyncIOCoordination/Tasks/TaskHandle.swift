// A task of the runtime and the handle to it.
//
// Who owns what: the task owns its state until it has ended, the registry names it until then, and handles own the state
// for as long as somebody may ask. An error is reported as unhandled when the last reference to the state goes away and
// nobody has looked at the result.

import AsyncIORuntime
import Synchronization

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
///   - fileID: Where the task is made; not to be given.
///   - line: Where the task is made; not to be given.
///   - operation: Runs on the loop of the caller, after what is ready now. A task that is cancelled before it starts never
///     runs it.
/// - Returns: A handle, to wait for the task or to cancel it.
@discardableResult
public func createTask<Success: Sendable>(
  name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
  _ operation: @escaping @Sendable () async throws -> Success
) -> TaskHandle<Success> {
  let record = TaskRecord(name: name, fileID: fileID, line: line, loop: .orDefault)
  let state = TaskState<Success>(record)
  TaskRegistry.shared.insert(record)
  // The closure and not the task owns the state's last reference: it goes away when the body has ended.
  let task = record.loop.makeTask(name: name) {
    await TaskRecord.$current.withValue(record) { await state.run(operation) }
    record.state = .finished
    TaskRegistry.shared.remove(record)
    record.loop.wake()
  }
  record.setCancellation { task.cancel() }
  return TaskHandle(state: state)
}

/// A task that was started with `createTask`.
public struct TaskHandle<Success: Sendable>: Sendable {
  let state: TaskState<Success>

  /// The name that the task was given.
  public var name: String? { state.record.name }

  /// Whether the task has ended.
  public var isDone: Bool { state.record.state == .finished || state.hasResult }

  /// Cancels the task; false if it has ended.
  @discardableResult
  public func cancel() -> Bool {
    guard !isDone else { return false }
    state.record.cancel()
    return true
  }

  /// Waits for the task and returns its value.
  ///
  /// - Throws: What the task has thrown; a `CancellationError` if it was cancelled before it started.
  ///
  /// ## Cancellation
  /// Cancels the task too, and waits for its end: awaiting a task is not a shield (as in asyncio).
  public var value: Success {
    get async throws {
      try await withTaskCancellationHandler {
        try await state.result().get()
      } onCancel: {
        cancel()
      }
    }
  }
}

/// The result of a task, and who waits for it.
final class TaskState<Success: Sendable>: Sendable {
  private struct Progress {
    var result: Result<Success, any Error>?
    var waiters: [Waiter] = []
    var isRetrieved = false
  }

  let record: TaskRecord
  private let progress = Mutex(Progress())

  init(_ record: TaskRecord) { self.record = record }

  deinit {
    let error: (any Error)? = progress.withLock { progress in
      guard !progress.isRetrieved, case .failure(let error) = progress.result else { return nil }
      return error
    }
    if let error, !(error is CancellationError) {
      EventLoop.reportUnhandled(error, source: record.description)
    }
  }

  var hasResult: Bool { progress.withLock { $0.result != nil } }

  func run(_ operation: @Sendable () async throws -> Success) async {
    record.state = .running
    do {
      // A task of the language always runs its body; asyncio's does not if it was cancelled first, nor does ours.
      try Task.checkCancellation()
      finish(.success(try await operation()))
    } catch {
      finish(.failure(error))
    }
  }

  private func finish(_ result: Result<Success, any Error>) {
    let waiters = progress.withLock { progress in
      progress.result = result
      defer { progress.waiters = [] }
      return progress.waiters
    }
    for waiter in waiters { waiter.finish(.woken) }
  }

  /// Waits for the result, whatever becomes of the waiting task.
  func result() async -> Result<Success, any Error> {
    let waiter = Waiter()
    let done = progress.withLock { progress in
      progress.isRetrieved = true
      if progress.result == nil { progress.waiters.append(waiter) }
      return progress.result
    }
    if let done { return done }
    await waiter.waitUncancelled(for: "a task to end")
    guard let result = progress.withLock({ $0.result }) else {
      preconditionFailure("\(record) was reported as ended and left no result")
    }
    return result
  }
}
