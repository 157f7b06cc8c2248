// `gather` as asyncio has it: the first error is thrown at once, and the other operations go on.
//
// Whose are they then? The operations run under a task of `createTask` from the start. It is in the registry until the last of
// them has ended, so that the end of the run cancels them and waits for them.
//
// Who decides: `first` is finished by the first error, by the end of all, or by the caller's cancellation; whichever was
// first. Woken by an error, the caller throws it and looks at nothing else. Cancelled before: nothing is started. Cancelled
// while it waits, or before it is woken at the same instant: it says so in `phase`, and cancels and awaits the operations; what
// they throw is dropped, as `gather` does. Cancelled when it was woken by an error: too late, the operations go on. An error
// from another thread is ordered by the lock: the first one that comes is thrown, later ones are reported.

import AsyncIORuntime
import Synchronization

/// What becomes of the other operations of a `gather` when one of them throws.
public enum GatherErrorPolicy: Sendable {
  /// They are cancelled and awaited, and then the error is thrown.
  case cancelOthers
  /// The error is thrown at once, and they go on (asyncio's `gather`).
  case leaveOthersRunning
}

/// Runs `operation` for each element at once, or at most `limit` at a time, and returns the results in the order of the
/// elements; an error ends the other operations, or does not.
///
/// ```swift
/// try await gather(replicas, onError: .leaveOthersRunning) { try await $0.store(record) }
/// ```
///
/// With `.cancelOthers` it is `gather` without the parameter. With `.leaveOthersRunning` the first error is thrown at once,
/// as by asyncio's `gather`, and the other operations, those that wait for the limit included, go on by themselves until the
/// run ends and cancels them. What they return is dropped; errors that they throw are reported as those of tasks that nobody
/// waits for, except for a `CancellationError`. (asyncio drops them.)
///
/// - Parameters:
///   - elements: What to run the operation for.
///   - limit: How many operations may run at once, at least 1; all of them if nil.
///   - onError: What becomes of the other operations when one throws.
///   - fileID: Where it is called, for reports; not to be given.
///   - line: Where it is called, for reports; not to be given.
///   - operation: Started in the order of the elements.
/// - Returns: One result for each element, in their order; an empty array for no elements.
/// - Throws: The first error that an operation throws, or `CancellationError`.
/// - Complexity: O(n); as many tasks as operations are suspended at once.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, also if they have ended well. Operations that
/// were left running by an error are not cancelled.
@discardableResult
public func gather<Elements: Sequence, Result: Sendable>(
  _ elements: Elements,
  limit: Int? = nil,
  onError: GatherErrorPolicy,
  fileID: StaticString = #fileID,
  line: UInt = #line,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Result
) async throws -> [Result] where Elements.Element: Sendable {
  guard onError == .leaveOthersRunning else {
    return try await gather(elements, limit: limit, operation)
  }
  precondition(limit.map { $0 > 0 } ?? true, "gather's limit is at least 1, not \(limit ?? 0)")
  try Task.checkCancellation()
  let elements = Array(elements)
  let results = GatheredResults<Result>(count: elements.count)
  let errors = LeavingErrors(source: "an operation that gather has left running (\(fileID):\(line))")
  let pool = TaskPool(count: elements.count) { index in
    do {
      results.store(try await operation(elements[index]), at: index)
    } catch {
      errors.note(error)
    }
  }
  let owner = createTask(name: "gather", fileID: fileID, line: line) {
    await withTaskCancellationHandler {
      await pool.start(limit: limit ?? .max)
      await pool.waitForEnd()
    } onCancel: {
      pool.stop()
    }
    errors.first.finish(.woken)
    try Task.checkCancellation()
  }
  if await errors.first.wait(for: "the operations of a gather") == .cancelled {
    errors.dropAll()
    owner.cancel()
    _ = try? await owner.value
    throw CancellationError()
  }
  try errors.check()
  // All have ended; by themselves, unless the end of the run has cancelled them.
  try await owner.value
  return try results.take()
}

/// The first error, for the caller, and what becomes of the others.
private final class LeavingErrors: Sendable {
  private enum Phase {
    /// No error yet → failed, dropping.
    case waiting
    /// The caller throws the error, others are reported → dropping.
    case failed(any Error)
    /// The caller was cancelled, and throws that (last).
    case dropping
  }

  /// Finished by the first error, or by the end of all operations.
  let first = Waiter()
  private let phase = Mutex(Phase.waiting)
  private let source: String

  init(source: String) { self.source = source }

  func note(_ error: any Error) {
    let isLater = phase.withLock { phase in
      switch phase {
      case .waiting: phase = .failed(error)
      case .failed: return true
      case .dropping: break
      }
      return false
    }
    if !isLater {
      first.finish(.woken)
    } else if !(error is CancellationError) {
      EventLoop.reportUnhandled(error, source: source)
    }
  }

  func dropAll() { phase.withLock { $0 = .dropping } }

  func check() throws {
    if case .failed(let error) = phase.withLock({ $0 }) { throw error }
  }
}
