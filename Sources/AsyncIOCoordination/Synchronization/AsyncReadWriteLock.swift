// A read-write lock: permits, of which a reader takes one and a writer all (as tokio's does). As they are handed out
// strictly in order, a writer waits for the readers before it and for none that come after it: neither side starves.
//
// Cancelled before it waits: a lock that is free is taken, otherwise the call throws. While it waits: it leaves the
// line and throws, and readers behind a writer that has left go on. At the instant of the hand-over: the exchange of
// its waiter decides. After the hand-over and before it has run: it passes the lock on and throws. From other
// threads: the same. The loop shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// Lets many tasks in that read, or one that writes (tokio's `RwLock`).
///
/// ```swift
/// let routes = AsyncReadWriteLock()
/// try await routes.withReadLock { try await look(up: name) }
/// try await routes.withWriteLock { try await reload() }
/// ```
///
/// Tasks are served in the order in which they came. A task that reads must not ask for the lock again, as a writer
/// may have come in between. It may be used from any thread.
public final class AsyncReadWriteLock: Sendable {
  private let permits: Permits
  private let isWriting = Atomic<Bool>(false)

  /// Makes a lock that is free.
  ///
  /// - Parameter maximumReaders: How many may read at once, at least 1; practically any number by default.
  public init(maximumReaders: Int = Int(Int32.max)) {
    precondition(
      (1...Permits.limit).contains(maximumReaders),
      "a read-write lock has 1 to \(Permits.limit) readers, not \(maximumReaders)")
    permits = Permits(maximumReaders, maximum: maximumReaders)
  }

  /// Calls `body` while it holds the lock together with other readers.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the lock; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  public func withReadLock<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await acquireRead()
    defer { releaseRead() }
    return try await body()
  }

  /// Calls `body` while it holds the lock alone.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the lock; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  public func withWriteLock<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await acquireWrite()
    defer { releaseWrite() }
    return try await body()
  }

  /// Takes the lock for reading; to be released with `releaseRead`.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and the lock is not taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without the lock; the call may be repeated. A call that need not wait does not look for it.
  public func acquireRead() async throws(CancellationError) {
    if permits.tryTake(1) { return }
    guard let claim = permits.takeOrStandInLine(1) else { return }
    guard permits.conclude(claim, await claim.wait(for: "a lock, to read")) else { throw CancellationError() }
  }

  /// Takes the lock for writing; to be released with `releaseWrite`.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and the lock is not taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without the lock; the call may be repeated. A call that need not wait does not look for it.
  public func acquireWrite() async throws(CancellationError) {
    let all = permits.maximum
    if !permits.tryTake(all), let claim = permits.takeOrStandInLine(all) {
      guard permits.conclude(claim, await claim.wait(for: "a lock, to write")) else {
        throw CancellationError()
      }
    }
    isWriting.store(true, ordering: .relaxed)
  }

  /// Takes the lock for reading if nobody writes or waits.
  ///
  /// - Returns: Whether it was taken.
  public func tryAcquireRead() -> Bool { permits.tryTake(1) }

  /// Takes the lock for writing if it is free and nobody waits.
  ///
  /// - Returns: Whether it was taken.
  public func tryAcquireWrite() -> Bool {
    guard permits.tryTake(permits.maximum) else { return false }
    isWriting.store(true, ordering: .relaxed)
    return true
  }

  /// Ends a reading.
  ///
  /// - Complexity: O(1) for each task that is woken.
  public func releaseRead() {
    precondition(
      !isWriting.load(ordering: .relaxed), "a read-write lock that a writer has was released by a reader")
    precondition(permits.give(1), "a read-write lock was released by a reader that had not acquired it")
  }

  /// Ends the writing.
  ///
  /// - Complexity: O(1) for each task that is woken.
  public func releaseWrite() {
    precondition(
      isWriting.exchange(false, ordering: .relaxed),
      "a read-write lock was released by a writer that had not acquired it")
    _ = permits.give(permits.maximum)
  }

  /// What a read-write lock has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Tasks that have it for reading.
    public var readers: Int
    /// Whether a task has it for writing.
    public var isWriting: Bool
    /// Tasks that wait.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    let isWriting = isWriting.load(ordering: .relaxed)
    return Statistics(
      readers: isWriting ? 0 : permits.maximum - permits.free, isWriting: isWriting, waiting: permits.waiting)
  }
}
