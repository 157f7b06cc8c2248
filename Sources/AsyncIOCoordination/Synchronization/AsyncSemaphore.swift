// A semaphore on `Permits`, which see for why no permit is lost.
//
// Cancelled before it waits: a permit that is free is taken, otherwise the call throws without having stood in line.
// While it waits: it leaves the line and throws. At the instant of the hand-over: the exchange of its waiter
// decides; who loses it gets no permit. After the hand-over and before it has run: it passes the permits on and
// throws, as asyncio's does. From other threads: the same. The loop shutting down: those who wait are cancelled with
// their tasks.

import AsyncIORuntime

/// Lets a limited number of tasks in at a time (asyncio's `Semaphore` and `BoundedSemaphore`).
///
/// ```swift
/// let connections = AsyncSemaphore(10)
/// let page = try await connections.withPermit { try await fetch(url) }
/// ```
///
/// Tasks are served in the order in which they came, whatever number of permits they ask for; a task that releases
/// and acquires again goes behind those who wait. It may be used from any thread.
public final class AsyncSemaphore: Sendable {
  private let permits: Permits

  /// Makes a semaphore.
  ///
  /// - Parameters:
  ///   - count: How many permits are free at first, at least 0.
  ///   - maximum: How many there may ever be: to release more is a mistake of the program. As many as at first if nil
  ///     (asyncio's `BoundedSemaphore`); `Int.max` to add permits by releasing them (asyncio's `Semaphore`).
  public init(_ count: Int, maximum: Int? = nil) {
    precondition(count >= 0, "a semaphore has no fewer than 0 permits, not \(count)")
    precondition(count <= Permits.limit, "a semaphore has at most \(Permits.limit) permits, not \(count)")
    let maximum = maximum ?? count
    precondition(
      maximum >= max(count, 1),
      "a semaphore with \(count) permits can have at most \(maximum) of them: give a maximum")
    permits = Permits(count, maximum: min(maximum, Permits.limit))
  }

  /// Calls `body` while it holds a permit.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the permit; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  @inlinable
  public func withPermit<Result>(_ body: () async throws -> Result) async throws -> Result {
    if !tryAcquire(1) { try await wait(for: 1) }
    defer { release() }
    return try await body()
  }

  /// Calls `body` while it holds `count` permits (tokio's `acquire_many`).
  ///
  /// - Parameters:
  ///   - count: How many, from 1 to the maximum.
  ///   - body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the permits; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  @inlinable
  public func withPermits<Result>(_ count: Int, _ body: () async throws -> Result) async throws -> Result {
    if !tryAcquire(count) { try await wait(for: count) }
    defer { release(count) }
    return try await body()
  }

  /// Takes permits, which are to be released, when all of them are free and everybody who came before has theirs.
  ///
  /// - Parameter count: How many, from 1 to the maximum.
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and the permits are not taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without a permit; the call may be repeated. A call that need not wait does not look for it.
  @inlinable
  public func acquire(_ count: Int = 1) async throws(CancellationError) {
    if tryAcquire(count) { return }
    do { try await wait(for: count) } catch { throw CancellationError() }
  }

  @usableFromInline
  func wait(for count: Int) async throws {
    precondition(
      count <= permits.maximum,
      "a semaphore of at most \(permits.maximum) permits cannot give \(count): the caller would wait for ever"
    )
    guard let claim = permits.takeOrStandInLine(count) else { return }
    guard permits.conclude(claim, await claim.wait(for: "a permit of a semaphore")) else {
      throw cancellationError()
    }
  }

  /// Takes permits if they are free and nobody waits.
  ///
  /// - Parameter count: How many, at least 1.
  /// - Returns: Whether they were taken.
  /// - Complexity: O(1).
  public func tryAcquire(_ count: Int = 1) -> Bool {
    precondition(count > 0, "a semaphore gives 1 permit or more at a time, not \(count)")
    return permits.tryTake(count)
  }

  /// Gives permits back, to those who wait first; any task may do so, on any thread.
  ///
  /// - Parameter count: How many, at least 1.
  /// - Complexity: O(1) for each task that is woken.
  public func release(_ count: Int = 1) {
    precondition(count > 0, "a semaphore takes 1 permit or more back at a time, not \(count)")
    precondition(
      permits.give(count),
      "a semaphore of at most \(permits.maximum) permits was given back \(count) that nobody had acquired")
  }

  /// Whether `acquire` would have to wait: no permit is free, or others come first (asyncio's `locked`).
  public var isLocked: Bool { permits.wouldWait }

  /// What a semaphore has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Permits that are free.
    public var free: Int
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics { Statistics(free: permits.free, waiting: permits.waiting) }
}
