// An exit stack: the releases of what was acquired, last in, first out.
//
// The stack belongs to one task at a time, as it is not Sendable, and so needs no lock. A release is taken off the stack before it
// is called: each runs once, also if it pushes others, which run next. Between the return of an acquisition and the push of
// its release there is no wait, so that no cancellation comes in between.
//
// Cancelled before or while something is entered: that is up to its acquisition; if it throws nothing was pushed. While the body
// runs: the body finds it, and all releases run. While they run: a shield keeps it away. A release that throws does not keep
// the others from running. The loop shutting down: as a cancellation.

import AsyncIORuntime

/// Releases any number of things, in the reverse order of their acquisition (Python's `contextlib.AsyncExitStack`).
///
/// It is given to the body of `withExitStack`. It belongs to the task that uses it, and cannot be shared.
public final class AsyncExitStack {
  private enum Phase {
    /// Releases can be pushed → ended.
    case open
    /// Its scope has ended (last).
    case ended
  }

  private var releases: [(ExitCase) async throws -> Void] = []
  private var phase = Phase.open

  init() {}

  deinit {
    guard !releases.isEmpty else { return }
    EventLoop.warn(
      "an exit stack went away with \(releases.count) releases that never ran: close what popAll returns")
  }

  /// How many releases would run now.
  public var count: Int { releases.count }

  // MARK: Entering

  /// Opens a resource that is closed when the stack unwinds (Python's `enter_async_context`).
  ///
  /// - Parameter resource: What to open.
  /// - Returns: What was opened.
  /// - Throws: What opening throws; nothing is pushed then.
  ///
  /// ## Cancellation
  /// Reaches the opening. What was opened is closed, also if it came late.
  @discardableResult
  public func enter<Resource: AsyncResource>(_ resource: Resource) async throws -> Resource.Opened {
    try await enter(
      acquire: { try await resource.open() }, release: { try await resource.close($0, after: $1) })
  }

  /// Acquires something that is released when the stack unwinds.
  ///
  /// ```swift
  /// let file = try await stack.enter(acquire: { try await File(path) }, release: { try await $0.close() })
  /// ```
  ///
  /// - Parameters:
  ///   - acquire: When it throws nothing is pushed.
  ///   - release: Runs once, and cannot be cancelled from outside.
  /// - Returns: What was acquired.
  /// - Throws: What `acquire` throws.
  ///
  /// ## Cancellation
  /// Reaches `acquire`. What it returns is released, also if that came late.
  @discardableResult
  public func enter<Resource>(
    acquire: () async throws -> Resource, release: @escaping (Resource) async throws -> Void
  ) async throws -> Resource {
    try await enter(acquire: acquire, release: { resource, _ in try await release(resource) })
  }

  /// Acquires something whose release depends on how the body ends.
  ///
  /// - Parameters:
  ///   - acquire: When it throws nothing is pushed.
  ///   - release: Runs once, is told how the body has ended, and cannot be cancelled from outside.
  /// - Returns: What was acquired.
  /// - Throws: What `acquire` throws.
  ///
  /// ## Cancellation
  /// Reaches `acquire`. What it returns is released, also if that came late.
  @discardableResult
  public func enter<Resource>(
    acquire: () async throws -> Resource, release: @escaping (Resource, ExitCase) async throws -> Void
  ) async throws -> Resource {
    requireOpen()
    let resource = try await acquire()
    push { try await release(resource, $0) }
    return resource
  }

  /// Adds a release that is told how the body has ended (Python's `push_async_exit`).
  ///
  /// If a release that ran before it has failed, it is told that failure.
  ///
  /// - Parameter release: Runs once, when the stack unwinds.
  public func push(_ release: @escaping (ExitCase) async throws -> Void) {
    requireOpen()
    releases.append(release)
  }

  /// Adds something to be done when the stack unwinds (Python's `callback` and `push_async_callback`).
  ///
  /// - Parameter body: Runs once.
  public func callback(_ body: @escaping () async throws -> Void) {
    push { _ in try await body() }
  }

  // MARK: Leaving

  /// Takes all releases off this stack and puts them on a new one, which the caller is to close (Python's `pop_all`).
  ///
  /// For what is to live on when all of it was acquired in order:
  ///
  /// ```swift
  /// let connections = try await withExitStack { stack in
  ///   for server in servers { try await stack.enter(server) }
  ///   return stack.popAll()  // none has failed: they stay open
  /// }
  /// …
  /// try await connections.close()
  /// ```
  ///
  /// - Returns: The new stack. If it goes away without `close`, a warning is written, as its releases cannot run any more.
  public func popAll() -> AsyncExitStack {
    let other = AsyncExitStack()
    swap(&other.releases, &releases)
    return other
  }

  /// Runs all releases, the last that was pushed first (Python's `aclose`); for a stack that `popAll` has returned.
  ///
  /// - Parameter exit: What the releases are told.
  /// - Throws: What a release throws; an `ErrorGroup` if several do. All of them have run then.
  /// - Complexity: One task.
  ///
  /// ## Cancellation
  /// Does not reach the releases; the caller finds it at its next wait.
  public func close(after exit: ExitCase = .succeeded) async throws {
    guard !releases.isEmpty else { return }
    let errors = try await withShield { await unwind(exit) }
    if let error = ErrorGroup.merging(errors) { throw error }
  }

  /// Ends the scope whose body has ended with `failure`, or well.
  func end(after failure: (any Error)?) async throws {
    var errors: [any Error] = failure.map { [$0] } ?? []
    if !releases.isEmpty { errors += try await withShield { await unwind(ExitCase(failure)) } }
    phase = .ended
    if let error = ErrorGroup.merging(errors) { throw error }
  }

  private func unwind(_ exit: ExitCase) async -> [any Error] {
    var exit = exit
    var errors: [any Error] = []
    while let release = releases.popLast() {
      do { try await release(exit) } catch {
        errors.append(error)
        exit = ExitCase(error)
      }
    }
    return errors
  }

  private func requireOpen() {
    precondition(
      phase == .open, "an exit stack was used after its scope had ended: nobody would run its releases")
  }
}

/// Calls `body` with a stack, and then all releases that were put on it, the last first (Python's
/// `async with AsyncExitStack() as stack`).
///
/// ```swift
/// try await withExitStack { stack in
///   var files: [File] = []
///   for path in paths { files.append(try await stack.enter(FileResource(path))) }
///   stack.callback { print("all files are closed") }
///   try await merge(files)
/// }
/// ```
///
/// - Parameter body: Runs where its caller runs.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws, or what a release throws; an `ErrorGroup` of all failures if there are several. Each release runs,
///   whatever the others do.
/// - Complexity: One task, for the releases.
///
/// ## Cancellation
/// Reaches `body`, and not the releases.
public func withExitStack<Result>(_ body: (AsyncExitStack) async throws -> Result) async throws -> Result {
  let stack = AsyncExitStack()
  let result: Result
  do {
    result = try await body(stack)
  } catch {
    try await stack.end(after: error)
    throw error
  }
  try await stack.end(after: nil)
  return result
}
