// `gather` over a collection.
//
// The function is generic and inlinable, so that in the caller's module it becomes code for the caller's types; what does not
// depend on them is in `TaskPool`. It returns when the pool has ended: nothing that the operations use is in use afterwards.

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
///   - elements: What to run the operation for.
///   - limit: How many operations may run at once, at least 1; all of them if nil.
///   - operation: Started in the order of the elements.
/// - Returns: One result for each element, in their order; an empty array for no elements.
/// - Throws: The first error that an operation throws, or `CancellationError`.
/// - Complexity: O(n); as many tasks as operations are suspended at once.
///
/// ## Cancellation
/// Cancels all operations, waits for their ends, and throws `CancellationError`, also if they have ended well.
@inlinable
@discardableResult
public func gather<Elements: Sequence, Result: Sendable>(
  _ elements: Elements,
  limit: Int? = nil,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Result
) async throws -> [Result] where Elements.Element: Sendable {
  precondition(limit.map { $0 > 0 } ?? true, "gather's limit is at least 1, not \(limit ?? 0)")
  try Task.checkCancellation()
  let elements = Array(elements)
  let results = GatheredResults<Result>(count: elements.count)
  let pool = TaskPool(count: elements.count) { index in
    do {
      results.store(try await operation(elements[index]), at: index)
    } catch {
      results.fail(error)
    }
  }
  results.pool = pool
  await withTaskCancellationHandler {
    await pool.start(limit: limit ?? .max)
    await pool.waitForEnd()
  } onCancel: {
    pool.stop()
  }
  return try results.take()
}

/// The results of a `gather`, and its first error.
///
/// Each place is written by the one operation that has its index, and read when all have ended.
@usableFromInline
@safe
final class GatheredResults<Result: Sendable>: @unchecked Sendable {
  // Sendable: see above; the error is guarded by its mutex; `pool` is set before the first operation starts.
  @usableFromInline let results: UnsafeMutablePointer<Result?>
  @usableFromInline let count: Int
  @usableFromInline weak var pool: TaskPool?
  private let error = Mutex<(any Error)?>(nil)

  @inlinable
  init(count: Int) {
    self.count = count
    unsafe results = .allocate(capacity: count)
    unsafe results.initialize(repeating: nil, count: count)
  }

  deinit {
    unsafe results.deinitialize(count: count)
    unsafe results.deallocate()
  }

  @inlinable
  func store(_ result: Result, at index: Int) {
    precondition(index < count)
    unsafe results[index] = result
  }

  /// Keeps the first error, and ends the other operations.
  @usableFromInline
  func fail(_ failure: any Error) {
    let isFirst = error.withLock { error in
      defer { error = error ?? failure }
      return error == nil
    }
    if isFirst { pool?.stop() }
  }

  /// The results in order, when all operations have ended.
  @inlinable
  func take() throws -> [Result] {
    try Task.checkCancellation()
    try check()
    var taken: [Result] = []
    taken.reserveCapacity(count)
    for index in 0..<count {
      if let result = unsafe results[index] { taken.append(result) }
    }
    return taken
  }

  @usableFromInline
  func check() throws {
    if let error = error.withLock({ $0 }) { throw error }
  }
}
