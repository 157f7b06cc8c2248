/// Something that is opened before it is used and closed afterwards (Python's asynchronous context manager).
///
/// ```swift
/// struct TemporaryDirectory: AsyncResource {
///   func open() async throws -> Path { try await makeDirectory() }
///   func close(_ path: Path, after exit: ExitCase) async throws { try await remove(path) }
/// }
///
/// try await withResource(TemporaryDirectory()) { path in try await unpack(archive, into: path) }
/// ```
///
/// It is the description of how to get one; what is got, `Opened`, may be of another type, or the object itself.
public protocol AsyncResource<Opened> {
  /// What is used while it is open.
  associatedtype Opened

  /// Opens it (`__aenter__`).
  ///
  /// - Returns: What is used.
  /// - Throws: When it cannot be opened; it is not closed then.
  ///
  /// ## Cancellation
  /// Ends it with a `CancellationError`, and nothing is left open; or it returns, and what it returns is closed.
  func open() async throws -> Opened

  /// Closes what `open` has returned, once (`__aexit__`).
  ///
  /// - Parameters:
  ///   - opened: What was used.
  ///   - exit: How the code that used it has ended.
  /// - Throws: When it cannot be closed in order.
  ///
  /// ## Cancellation
  /// Does not reach it where a scope of this module calls it.
  func close(_ opened: Opened, after exit: ExitCase) async throws
}

/// Opens a resource, calls `body` with what was opened, and closes it, whatever happens (Python's `async with`).
///
/// ```swift
/// try await withResource(TemporaryDirectory()) { path in try await unpack(archive, into: path) }
/// ```
///
/// - Parameters:
///   - resource: Opened before `body` and closed after it.
///   - body: Runs where its caller runs.
/// - Returns: What `body` returns.
/// - Throws: What opening, `body` or closing throws; an `ErrorGroup` where `body` and closing have failed.
/// - Complexity: One task, for the closing.
///
/// ## Cancellation
/// Reaches the opening and `body`, and not the closing.
public func withResource<Resource: AsyncResource, Result>(
  _ resource: Resource,
  _ body: (Resource.Opened) async throws -> Result
) async throws -> Result {
  try await withResource(
    acquire: { try await resource.open() }, release: { try await resource.close($0, after: $1) }, body)
}
