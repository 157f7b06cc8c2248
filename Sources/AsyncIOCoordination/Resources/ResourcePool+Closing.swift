import AsyncIORuntime
import Synchronization

extension ResourcePool {
  /// Gives no more resources, destroys those that are idle and those that come back, and waits until none is left.
  ///
  /// Tasks that wait for a resource get a `ResourcePoolError`; creations are cancelled. What is in use stays with its users. Again
  /// is allowed, and waits too.
  ///
  /// - Parameter grace: How long to wait at most; nil for as long as it takes.
  /// - Returns: How many resources are left, in use or on their way to their end: 0 if all have ended in time.
  /// - Throws: `CancellationError` when the task is cancelled while it waits; the pool stays closed.
  ///
  /// ## Cancellation
  /// Ends the wait; the pool stays closed, and what comes back is destroyed. The call may be repeated.
  @discardableResult
  public func close(grace: Duration? = nil) async throws -> Int {
    decide { state, _, effects in state.close(&effects) }
    removeTimer()
    if let grace {
      try await withTimeoutOrNil(grace) { try await waitForEnd() }
    } else {
      try await waitForEnd()
    }
    return statistics.size
  }

  /// Whether the pool was closed.
  public var isClosed: Bool { state.withLock { $0.isClosed } }

  private func waitForEnd() async throws {
    let waiter = QueuedWaiter(())
    guard state.withLock({ $0.waitForEnd(waiter) }) else { return }
    guard await waiter.wait(for: "the end of a pool") == .cancelled else { return }
    state.withLock { $0.leaveEnd(waiter) }
    throw CancellationError()
  }
}

extension ResourcePool: AsyncResource {
  /// Makes sure that a resource can be had, and begins to create those that are kept idle.
  ///
  /// ```swift
  /// try await withResource(ResourcePool(create: connect, destroy: { try await $0.close() })) { pool in
  ///   try await serve(with: pool)
  /// }
  /// ```
  ///
  /// - Returns: The pool itself.
  /// - Throws: As `acquire`: what the creation throws, above all.
  ///
  /// ## Cancellation
  /// Ends the wait for the first resource. The pool is closed then, and what was being created is destroyed.
  public func open() async throws -> ResourcePool {
    do { try await withResource { _ in } } catch {
      try await withShield { _ = try await close() }
      throw error
    }
    return self
  }

  /// Closes the pool, and waits until all resources have come back and ended.
  ///
  /// - Throws: As `close(grace:)`.
  ///
  /// ## Cancellation
  /// As `close(grace:)`.
  public func close(_ opened: ResourcePool, after exit: ExitCase) async throws { try await opened.close() }
}
