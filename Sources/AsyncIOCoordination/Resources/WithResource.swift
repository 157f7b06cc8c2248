// Acquire, use, release. Whatever becomes of the use, the release runs once, to its end.
//
// Cancelled before or while it acquires: that is up to `acquire`; if it throws it has acquired nothing, and if it returns what it
// has acquired is used and released, also in a task that is cancelled by then. Between the two there is no wait: what was
// acquired cannot be lost. While it is used: the body finds it. While it is released: a shield keeps it away; the caller
// finds it at its next wait. The loop shutting down: as a cancellation, and the release is awaited with its task.

import AsyncIORuntime

/// Acquires something, calls `body` with it, and releases it, whatever happens (Python's `async with`, Effect's
/// `acquireUseRelease`).
///
/// ```swift
/// try await withResource(
///   acquire: { try await Connection(to: server) }, release: { try await $0.close() }
/// ) { connection in
///   try await connection.send("hello")
/// }
/// ```
///
/// All three run where the caller runs, and may use what it may use.
///
/// - Parameters:
///   - acquire: When it throws nothing was acquired, and nothing else is called.
///   - release: Runs once, when `body` has returned or thrown. It cannot be cancelled from outside: give it a timeout if it talks
///     to somebody.
///   - body: Uses what was acquired.
/// - Returns: What `body` returns.
/// - Throws: What `acquire` or `body` throws. What `release` throws, if `body` has not failed; if it has, an `ErrorGroup` of both,
///   the body's error first. (In Python the second error has the first one as its `__context__`.)
/// - Complexity: One task, for the release.
///
/// ## Cancellation
/// Reaches `acquire` and `body`, and not `release`. What `acquire` returns is released, also if that came late.
public func withResource<Resource, Result>(
  acquire: () async throws -> Resource,
  release: (Resource) async throws -> Void,
  _ body: (Resource) async throws -> Result
) async throws -> Result {
  try await withResource(acquire: acquire, release: { resource, _ in try await release(resource) }, body)
}

/// Acquires something, calls `body` with it, and releases it in a way that depends on how that has ended.
///
/// ```swift
/// try await withResource(
///   acquire: { try await database.begin() },
///   release: { transaction, exit in
///     if case .succeeded = exit { try await transaction.commit() } else { try await transaction.rollBack() }
///   }
/// ) { transaction in
///   try await transaction.execute("DELETE FROM visits")
/// }
/// ```
///
/// - Parameters:
///   - acquire: When it throws nothing was acquired, and nothing else is called.
///   - release: Runs once, and cannot be cancelled from outside. It is told how `body` has ended, and cannot change it.
///   - body: Uses what was acquired.
/// - Returns: What `body` returns.
/// - Throws: As where `release` is told nothing.
///
/// ## Cancellation
/// Reaches `acquire` and `body`, and not `release`.
public func withResource<Resource, Result>(
  acquire: () async throws -> Resource,
  release: (Resource, ExitCase) async throws -> Void,
  _ body: (Resource) async throws -> Result
) async throws -> Result {
  let resource = try await acquire()
  let result: Result
  do {
    result = try await body(resource)
  } catch {
    let failure = error
    do {
      try await withShield { try await release(resource, ExitCase(failure)) }
    } catch {
      throw ErrorGroup.merging([failure, error]) ?? failure
    }
    throw failure
  }
  try await withShield { try await release(resource, .succeeded) }
  return result
}
