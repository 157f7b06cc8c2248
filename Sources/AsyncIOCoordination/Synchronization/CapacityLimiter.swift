// A capacity limiter: tokens, and who has borrowed them.
//
// A borrower has one token at most: to ask for a second is the deadlock that shows only under load, so it traps at
// once. A waiter that is served is entered as a borrower under the lock, before it is decided, and struck out again
// if it was cancelled first.
//
// Cancelled before it waits: a token that is free is taken, otherwise the call throws. While it waits: it leaves the
// queue and throws. At the instant of the hand-over: the exchange of its waiter decides. After the hand-over and
// before it has run: it passes the token on and throws, as anyio's does. From other threads: the same. The loop
// shutting down: those who wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// Lends a limited number of tokens, and knows who has them (anyio's and trio's `CapacityLimiter`).
///
/// Other than a semaphore, it lends to each task once only, and its total may change while it is in use.
///
/// ```swift
/// let workers = CapacityLimiter(total: 4)
/// try await workers.withToken { try await compress(file) }
/// workers.total = 8
/// ```
///
/// Tasks are served in the order in which they came. It may be used from any thread.
public final class CapacityLimiter: Sendable {
  /// Who has a token: a task, or what was named in its place.
  private struct Borrower: Hashable, @unchecked Sendable {
    // Sendable: made of a Sendable value only.
    let identity: AnyHashable

    init<Identity: Hashable & Sendable>(_ identity: Identity) { self.identity = AnyHashable(identity) }

    static var currentTask: Borrower {
      guard let task = TaskIdentity.current else {
        preconditionFailure("only a task can borrow a token in its own name; name a borrower")
      }
      return Borrower(task)
    }
  }

  private struct State: ~Copyable {
    var total: Int?
    var borrowers: Set<Borrower> = []
    var waiters = WaitQueue<Borrower>()

    var hasRoom: Bool { total.map { borrowers.count < $0 } ?? true }
  }

  private let state: Mutex<State>

  /// Makes a limiter.
  ///
  /// - Parameter total: How many tokens there are, at least 1; nil for any number.
  public init(total: Int?) {
    Self.check(total)
    state = Mutex(State(total: total))
  }

  /// How many tokens there are; nil for any number.
  ///
  /// If it grows, those who wait get the new ones. If it shrinks, nobody loses a token, and nobody gets one until
  /// enough came back.
  public var total: Int? {
    get { state.withLock { $0.total } }
    set {
      Self.check(newValue)
      state.withLock { state in
        state.total = newValue
        return Self.serve(&state)
      }.resume()
    }
  }

  /// Calls `body` while the current task has a token.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `CancellationError` while it waits for the token; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  public func withToken<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await acquire()
    defer { release() }
    return try await body()
  }

  /// Borrows a token for the current task, which must not have one.
  ///
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and no token is taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without a token; the call may be repeated. A call that need not wait does not look for it.
  public func acquire() async throws(CancellationError) { try await acquire(.currentTask) }

  /// Borrows a token in the name of something else, such as a connection that outlives the task.
  ///
  /// - Parameter borrower: Who has it then; it must not have one.
  /// - Throws: `CancellationError` when the task is cancelled while it waits, and no token is taken then.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait, without a token; the call may be repeated. A call that need not wait does not look for it.
  public func acquire<Identity: Hashable & Sendable>(onBehalfOf borrower: Identity)
    async throws(CancellationError)
  {
    try await acquire(Borrower(borrower))
  }

  private func acquire(_ borrower: Borrower) async throws(CancellationError) {
    if tryAcquire(borrower) { return }
    let waiter = QueuedWaiter(borrower)
    let waits = state.withLock { state in
      if state.waiters.isEmpty, state.hasRoom {
        state.borrowers.insert(borrower)
        return false
      }
      state.waiters.append(waiter)
      return true
    }
    guard waits else { return }
    switch await waiter.wait(for: "a token of a limiter") {
    case .woken where !waiter.wasCancelledLate: return
    case .woken, .closed: release(borrower)
    case .cancelled: state.withLock { $0.waiters.remove(waiter) }
    }
    throw CancellationError()
  }

  /// Borrows a token for the current task, if one is free and nobody waits.
  ///
  /// - Returns: Whether it has one now.
  /// - Complexity: O(1).
  public func tryAcquire() -> Bool { tryAcquire(.currentTask) }

  /// Borrows a token in the name of something else, if one is free and nobody waits.
  ///
  /// - Parameter borrower: Who has it then; it must not have one.
  /// - Returns: Whether it has one now.
  /// - Complexity: O(1).
  public func tryAcquire<Identity: Hashable & Sendable>(onBehalfOf borrower: Identity) -> Bool {
    tryAcquire(Borrower(borrower))
  }

  private func tryAcquire(_ borrower: Borrower) -> Bool {
    let isTaken: Bool? = state.withLock { state in
      if state.borrowers.contains(borrower) { return nil }
      guard state.waiters.isEmpty, state.hasRoom else { return false }
      state.borrowers.insert(borrower)
      return true
    }
    guard let isTaken else {
      preconditionFailure(
        "\(borrower.identity) has a token of the limiter already, and would wait for itself")
    }
    return isTaken
  }

  /// Gives the current task's token back.
  ///
  /// - Complexity: O(1).
  public func release() { release(.currentTask) }

  /// Gives back the token that was borrowed in the name of something else.
  ///
  /// - Parameter borrower: Who has it.
  /// - Complexity: O(1).
  public func release<Identity: Hashable & Sendable>(onBehalfOf borrower: Identity) {
    release(Borrower(borrower))
  }

  private func release(_ borrower: Borrower) {
    let wakeUps: WakeUps? = state.withLock { state in
      guard state.borrowers.remove(borrower) != nil else { return nil }
      return Self.serve(&state)
    }
    guard let wakeUps else {
      preconditionFailure("\(borrower.identity) gave a token of the limiter back that it had not borrowed")
    }
    wakeUps.resume()
  }

  private static func serve(_ state: inout State) -> WakeUps {
    var wakeUps = WakeUps()
    while state.hasRoom, let waiter = state.waiters.first {
      let borrower = waiter.payload
      state.borrowers.insert(borrower)
      if !state.waiters.wake(waiter, into: &wakeUps) { state.borrowers.remove(borrower) }
    }
    return wakeUps
  }

  private static func check(_ total: Int?) {
    precondition(total.map { $0 > 0 } ?? true, "a capacity limiter has 1 token or more, not \(total ?? 0)")
  }

  /// What a limiter has to tell.
  public struct Statistics: Sendable, Equatable {
    /// How many tokens there are; nil for any number.
    public var total: Int?
    /// Tokens that are lent; more than there are, for a while, where the total has shrunk.
    public var borrowed: Int
    /// Tasks that wait.
    public var waiting: Int
    /// Tokens that are free; nil for any number.
    public var available: Int? { total.map { max(0, $0 - borrowed) } }
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { Statistics(total: $0.total, borrowed: $0.borrowers.count, waiting: $0.waiters.count) }
  }
}
