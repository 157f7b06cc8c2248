// `gather` over a collection.
//
// The results are stored by index under a lock; the first error is kept, and stops the pool. The function returns when the
// pool has ended, so that nothing that the operations use is in use afterwards.

import AsyncIORuntime
import Synchronization

/// Runs `operation` for each element at once, or at most `limit` at a time, and returns the results in the order of
/// the elements (asyncio's `gather`).
///
/// ```swift
/// let pages = try await gather(urls, limit: 10) { url in try await session.get(url) }
/// ```
///
/// When an operation throws, the others are cancelled and awaited, and its error is thrown.
///
/// - Parameters:
///   - elements: What to run the operation for; taken one at a time.
///   - limit: How many operations may run at once; all of them if nil.
///   - operation: Started in the order of the elements, on the caller's thread up to its first suspension.
/// - Returns: One result for each element, in their order; an empty array for no elements.
/// - Throws: The first error that an operation throws, or `CancellationError`.
/// - Complexity: O(n); as many tasks as operations are suspended at once.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, also if they have ended well.
public func gather<Elements: Sequence, Result: Sendable>(
  _ elements: Elements,
  limit: Int? = nil,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Result
) async throws -> [Result] where Elements.Element: Sendable {
  precondition(limit.map { $0 > 0 } ?? true, "gather's limit is at least 1, not \(limit ?? 0)")
  try Task.checkCancellation()
  let results = GatheredResults<Result>(capacity: elements.underestimatedCount)
  let pool = TaskPool(elements, operation) { index, result in results.store(index, result) }
  results.onError = { [unowned pool] in pool.stop() }
  await withTaskCancellationHandler {
    pool.start(limit: limit ?? .max)
    if !pool.isEnded { await pool.waitForEnd() }
  } onCancel: {
    pool.stop()
  }
  return try results.finish()
}

/// The results of a `gather`, by index, and its first error.
private final class GatheredResults<Result: Sendable>: @unchecked Sendable {
  // Sendable: the state is guarded by the mutex; `onError` is set before the first operation starts.
  private struct State {
    var results: [Result?]
    var error: (any Error)?
  }

  private let state: Mutex<State>
  var onError: () -> Void = {}

  init(capacity: Int) {
    var results: [Result?] = []
    results.reserveCapacity(capacity)
    state = Mutex(State(results: results))
  }

  func store(_ index: Int, _ result: Swift.Result<Result, any Error>) {
    let isFirstError = state.withLock { state in
      while state.results.count <= index { state.results.append(nil) }
      switch result {
      case .success(let value):
        state.results[index] = value
        return false
      case .failure(let error):
        defer { state.error = state.error ?? error }
        return state.error == nil
      }
    }
    if isFirstError { onError() }
  }

  func finish() throws -> [Result] {
    let (results, error) = state.withLock { ($0.results, $0.error) }
    if Task.isCancelled { throw CancellationError() }
    if let error { throw error }
    return results.compactMap { $0 }
  }
}
