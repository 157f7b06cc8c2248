// A lock: `Permits` of one, and a note of who holds it.
//
// Cancelled before it waits: a lock that is free is taken, otherwise the call throws without having stood in line.
// While it waits: it leaves the line and throws. At the instant of the hand-over: the exchange of its waiter
// decides. After the hand-over and before it has run: it passes the lock on and throws, as asyncio's does. From
// other threads: the same. The loop shutting down: those who wait are cancelled with their tasks.
//
// The owner is for people only: it is written by whoever acquires, without a lock, and may be a moment behind.

import AsyncIORuntime
import Synchronization

/// Lets one task in at a time (asyncio's `Lock`).
///
/// For invariants that span an `await`; what needs no `await` is guarded by a `Mutex`, at a fraction of the cost.
///
/// ```swift
/// let lock = AsyncLock()
/// try await lock.withLock {
///   let balance = try await account.balance()
///   try await account.set(balance - 10)
/// }
/// ```
///
/// It is handed over in the order in which tasks came: one that releases it and acquires it again goes behind those
/// who wait. It is not recursive. It may be used from any thread.
public final class AsyncLock: Sendable {
  private let permits = Permits(1, maximum: 1)
  private let ownerWord = Atomic<UInt>(0)

  /// Makes a lock that is free.
  public init() {}

  /// Calls `body` while it holds the lock.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the lock; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  @inlinable
  public func withLock<Result>(_ body: () async throws -> Result) async throws -> Result {
    if !tryAcquire() { try await wait() }
    defer { release() }
    return try await body()
  }

  /// Takes the lock, which is to be released, when everybody who came before has had it.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and the lock is not taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without the lock; the call may be repeated. A call that need not wait does not look for it.
  @inlinable
  public func acquire() async throws(CancellationError) {
    if tryAcquire() { return }
    do { try await wait() } catch { throw CancellationError() }
  }

  @usableFromInline
  func wait() async throws {
    if let claim = permits.takeOrStandInLine(1) {
      guard permits.conclude(claim, await claim.wait(for: "a lock")) else { throw cancellationError() }
    }
    noteOwner()
  }

  /// Takes the lock whatever becomes of the task.
  ///
  /// ## Cancellation
  /// Does not end the wait.
  package func acquireUncancelled() async {
    if let claim = permits.takeOrStandInLine(1) {
      await claim.waitUncancelled(for: "a lock, to go on or to end")
      permits.settle()
    }
    noteOwner()
  }

  /// Takes the lock if it is free and nobody waits.
  ///
  /// - Returns: Whether it was taken.
  /// - Complexity: O(1).
  public func tryAcquire() -> Bool {
    guard permits.tryTake(1) else { return false }
    noteOwner()
    return true
  }

  /// Gives the lock to the first that waits, or frees it; any task may do so, on any thread (as in asyncio).
  ///
  /// - Complexity: O(1).
  public func release() {
    ownerWord.store(0, ordering: .relaxed)
    precondition(permits.give(1), "a lock was released that nobody had acquired")
  }

  /// Whether somebody has the lock (asyncio's `locked`).
  public var isLocked: Bool { permits.free == 0 }

  @inline(__always)
  private func noteOwner() {
    ownerWord.store(TaskIdentity.current?.word ?? 0, ordering: .relaxed)
  }

  /// What a lock has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Whether somebody has it.
    public var isLocked: Bool
    /// The task that has taken it, such as `task 'fetcher' (App/Main.swift:12)`, where it was made with `createTask`.
    public var owner: String?
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(n) in the number of live tasks, to find the owner.
  public var statistics: Statistics {
    let isLocked = isLocked
    let owner = isLocked ? TaskIdentity(word: ownerWord.load(ordering: .relaxed))?.record : nil
    return Statistics(isLocked: isLocked, owner: owner?.description, waiting: permits.waiting)
  }
}
