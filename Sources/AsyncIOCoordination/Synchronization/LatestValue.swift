// A cell with the latest of several values: each has a version, and who has seen one waits for a later one.
//
// A waiter is woken by each change, and looks at the cell again: what it finds is the latest then, and values in
// between are skipped. It stands in the queue under the same lock as the look that found nothing new.
//
// Cancelled before it waits: a value that is there is returned, otherwise the call throws. While it waits: it leaves
// the queue and throws. At the instant of a change: the exchange of its waiter decides. After: the call returns the
// value. Nothing can be lost: the cell keeps it. From other threads: the same. The loop shutting down: those who
// wait are cancelled with their tasks.

import AsyncIORuntime
import Synchronization

/// A value that changes, for tasks that care for the latest one only (tokio's `watch`).
///
/// ```swift
/// let settings = LatestValue(Settings())
/// createTask { for await settings in settings.changes { await apply(settings) } }
/// settings.value = try await loadSettings()
/// ```
///
/// It may be used from any thread.
public final class LatestValue<Value: Sendable>: Sendable {
  private struct State: ~Copyable {
    var value: Value
    var version: UInt64 = 0
    var isFinished = false
    var waiters = WaitQueue<Void>()
  }

  /// A value, and how many there were before it.
  public struct Versioned: Sendable {
    /// The value.
    public let value: Value
    /// 0 for the first value, and one more for each change.
    public let version: UInt64
  }

  private let state: Mutex<State>

  /// Makes a cell.
  ///
  /// - Parameter value: Its first value, of version 0.
  public init(_ value: Value) { state = Mutex(State(value: value)) }

  /// The latest value; to set it wakes all who wait for a change.
  ///
  /// - Complexity: O(1) for each task that waits.
  public var value: Value {
    get { state.withLock { $0.value } }
    set { update { $0 = newValue } }
  }

  /// The latest value, and its version.
  public var latest: Versioned {
    state.withLock { Versioned(value: $0.value, version: $0.version) }
  }

  /// Changes the value in place, and wakes all who wait for a change (tokio's `send_modify`).
  ///
  /// - Parameter change: Runs under the cell's lock: it must be short, and not use the cell.
  /// - Returns: What `change` returns.
  /// - Throws: What `change` throws; nobody is woken then.
  /// - Complexity: O(1) for each task that waits.
  @discardableResult
  public func update<Result: Sendable, Failure: Error>(
    _ change: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (result, wakeUps) = try state.withLock { state throws(Failure) -> (Result, WakeUps) in
      precondition(!state.isFinished, "the value was changed after finish, when nobody looks any more")
      let result = try change(&state.value)
      state.version += 1
      var wakeUps = WakeUps()
      state.waiters.wakeAll(into: &wakeUps)
      return (result, wakeUps)
    }
    wakeUps.resume()
    return result
  }

  /// Says that the value will not change any more: those who wait are told so.
  ///
  /// Idempotent.
  public func finish() {
    state.withLock { state in
      state.isFinished = true
      var wakeUps = WakeUps()
      state.waiters.wakeAll(into: &wakeUps)
      return wakeUps
    }.resume()
  }

  /// Waits for a later value than that of `version`; returns at once if there is one.
  ///
  /// - Parameter version: The version that is known.
  /// - Returns: The latest value; nil if there will be none after that version.
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  /// - Complexity: O(1).
  ///
  /// ## Cancellation
  /// Ends the wait. The call may be repeated: no change is lost by it.
  public func change(after version: UInt64) async throws(CancellationError) -> Versioned? {
    while true {
      let waiter = QueuedWaiter(())
      let (latest, isFinished) = state.withLock { state in
        if state.version <= version, !state.isFinished { state.waiters.append(waiter) }
        return (Versioned(value: state.value, version: state.version), state.isFinished)
      }
      if latest.version > version { return latest }
      if isFinished { return nil }
      guard await waiter.wait(for: "a value to change") != .cancelled else {
        state.withLock { $0.waiters.remove(waiter) }
        throw CancellationError()
      }
    }
  }

  /// Waits until the value satisfies `predicate` (tokio's `wait_for`).
  ///
  /// - Parameter predicate: Looked at now and after each change; values that were replaced meanwhile are skipped.
  /// - Returns: The value that does; nil if the cell is finished and its last value does not.
  /// - Throws: `CancellationError` when the task is cancelled while it waits; what `predicate` throws.
  ///
  /// ## Cancellation
  /// Ends the wait. The call may be repeated.
  public func wait(until predicate: (Value) throws -> Bool) async throws -> Value? {
    var latest = latest
    while try !predicate(latest.value) {
      guard let later = try await change(after: latest.version) else { return nil }
      latest = later
    }
    return latest.value
  }

  /// The value of now, and then each that is the latest when the loop asks for the next.
  public var changes: Changes { Changes(cell: self) }

  /// The values of a cell; those that are replaced before they are asked for are skipped.
  public struct Changes: AsyncSequence, Sendable {
    /// A value.
    public typealias Element = Value
    /// It does not fail; on cancellation it ends.
    public typealias Failure = Never

    let cell: LatestValue

    /// Makes an iterator that begins with the value of then.
    public func makeAsyncIterator() -> Iterator { Iterator(cell: cell) }

    /// Gives the values.
    public struct Iterator: AsyncIteratorProtocol {
      let cell: LatestValue
      private var version: UInt64?

      init(cell: LatestValue) { self.cell = cell }

      /// The latest value, when it is another than the one before; nil when there will be none, or the task is cancelled.
      ///
      /// ## Cancellation
      /// Ends the iteration.
      public mutating func next(isolation: isolated (any Actor)? = #isolation) async -> Value? {
        let latest: Versioned? =
          if let version { try? await cell.change(after: version) } else { cell.latest }
        version = latest?.version ?? version
        return latest?.value
      }
    }
  }

  /// What a cell has to tell.
  public struct Statistics: Sendable, Equatable {
    /// How often the value was changed.
    public var version: UInt64
    /// Whether it will not change any more.
    public var isFinished: Bool
    /// Tasks that wait for a change.
    public var waiting: Int
  }

  /// The state of this moment.
  ///
  /// - Complexity: O(1).
  public var statistics: Statistics {
    state.withLock { Statistics(version: $0.version, isFinished: $0.isFinished, waiting: $0.waiters.count) }
  }
}
