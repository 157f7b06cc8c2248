// A value that is computed once: a cell, and who waits for the one that computes.
//
// The right to compute is handed on like a lock: to the first that waits, when the one that has it fails or is
// cancelled. A value is put into each waiter before it is woken, so that nobody looks again.
//
// Cancelled before it waits: a value that is there is returned, otherwise the call throws, or `compute` sees it.
// While it waits: it leaves the queue and throws. At the instant of the value or of its turn: the exchange of its
// waiter decides. After: a value is returned; a turn is passed on, and the call throws. From other threads: the
// same. The loop shutting down: those who wait are cancelled with their tasks, and who computes with its own.

import AsyncIORuntime
import Synchronization

/// A value that the first who asks for it computes, while the others wait (tokio's `OnceCell`).
///
/// ```swift
/// let token = AsyncOnce<Token>()
/// let current = try await token.value { try await logIn() }
/// ```
///
/// When the computation throws, its caller gets the error, and the next one in line computes. It may be used from
/// any thread.
public final class AsyncOnce<Value: Sendable>: Sendable {
  private enum Phase {
    /// Nobody has asked, or whoever computed has failed and nobody waited → computing.
    case empty
    /// Somebody computes → computed, empty.
    case computing
    /// It is there (last).
    case computed(Value)
  }

  private struct State: ~Copyable {
    var phase = Phase.empty
    /// Who waits; with the value, once it is there.
    var waiters = WaitQueue<Value?>()
  }

  private let state = Mutex(State())

  /// Makes a cell without a value.
  public init() {}

  /// The value, if it is there.
  public var valueIfComputed: Value? {
    state.withLock { state in
      if case .computed(let value) = state.phase { return value }
      return nil
    }
  }

  /// The value; computed now if nobody has done so.
  ///
  /// - Parameter compute: Runs on the caller's actor, if it is this caller's turn. It must not ask for the value itself.
  /// - Returns: The value, which is the same for all callers.
  /// - Throws: What this caller's `compute` throws; `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1) where it is there.
  ///
  /// ## Cancellation
  /// Ends the wait for another caller's computation; that goes on. This caller's own sees it, and if it throws then,
  /// the next in line computes. The call may be repeated.
  public func value(orCompute compute: () async throws -> Value) async throws -> Value {
    if let value = valueIfComputed { return value }
    let waiter = QueuedWaiter<Value?>(nil)
    switch begin(waiter) {
    case .computed(let value): return value
    case .empty: return try await run(compute)
    case .computing: break
    }
    let outcome = await waiter.wait(for: "a value that another task computes")
    if outcome == .cancelled {
      state.withLock { $0.waiters.remove(waiter) }
      throw CancellationError()
    }
    if let value = waiter.payload { return value }
    guard !waiter.wasCancelledLate else {
      passOn()
      throw CancellationError()
    }
    return try await run(compute)
  }

  /// What was found; from `empty` the caller is the one that computes, at `computing` the waiter stands in the queue.
  private func begin(_ waiter: QueuedWaiter<Value?>) -> Phase {
    state.withLock { state in
      let found = state.phase
      switch found {
      case .empty: state.phase = .computing
      case .computing: state.waiters.append(waiter)
      case .computed: break
      }
      return found
    }
  }

  private func run(_ compute: () async throws -> Value) async throws -> Value {
    do {
      let value = try await compute()
      finish(value)
      return value
    } catch {
      passOn()
      throw error
    }
  }

  private func finish(_ value: Value) {
    state.withLock { state in
      state.phase = .computed(value)
      var wakeUps = WakeUps()
      while let waiter = state.waiters.first {
        waiter.payload = value
        _ = state.waiters.wake(waiter, into: &wakeUps)
      }
      return wakeUps
    }.resume()
  }

  /// Gives the right to compute to the first that waits.
  private func passOn() {
    state.withLock { state in
      var wakeUps = WakeUps()
      if !state.waiters.wakeFirst(into: &wakeUps) { state.phase = .empty }
      return wakeUps
    }.resume()
  }

  /// What a cell has to tell.
  public struct Statistics: Sendable, Equatable {
    /// Whether the value is there.
    public var isComputed: Bool
    /// Tasks that wait for one that computes.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { state in
      if case .computed = state.phase { return Statistics(isComputed: true, waiting: 0) }
      return Statistics(isComputed: false, waiting: state.waiters.count)
    }
  }
}

/// A value that is computed when it is first asked for.
///
/// ```swift
/// let settings = AsyncLazy { try await loadSettings() }
/// print(try await settings.value)
/// ```
public final class AsyncLazy<Value: Sendable>: Sendable {
  private let once = AsyncOnce<Value>()
  private let compute: @Sendable () async throws -> Value

  /// Makes a value that is not computed yet.
  ///
  /// - Parameter compute: Run by the first that asks; when it throws, by the next.
  public init(_ compute: @escaping @Sendable () async throws -> Value) { self.compute = compute }

  /// The value, if it is there.
  public var valueIfComputed: Value? { once.valueIfComputed }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: AsyncOnce<Value>.Statistics { once.statistics }

  /// The value; computed now if nobody has done so.
  ///
  /// - Throws: What the computation throws, if this caller runs it; `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the wait for another caller's computation; that goes on.
  public var value: Value {
    get async throws { try await once.value(orCompute: compute) }
  }
}
