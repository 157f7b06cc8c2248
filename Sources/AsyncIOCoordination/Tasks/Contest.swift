// What `race` and `staggeredRace` share: operations side by side of which one wins, and the end of the others.
//
// Each operation is a task of its own that runs at once, on this thread, up to its first suspension. All that is known is
// guarded by one lock; who decides is whoever takes the outcome from `open` to something else under it, and that happens
// once. Tasks are cancelled and waiters finished after the lock was left.
//
// Who ends it: `running` counts the operations that have not ended, and the starter until `waitForEnd`; whoever counts it down
// to zero finishes `ended`. So whoever waits for the end returns when nothing runs any more, whatever has decided.
//
// Cancelled before: nothing is started (`start` finds a decided contest). While it waits: `cancel` decides, unless an operation
// was first, and cancels every task in the list. At the same instant as an operation ends: the lock has an order, and
// the first of them decides. After: the outcome stands. On another thread while an operation is just being started: its task
// is not in the list yet; `start` finds the contest decided when it comes to put it there, and cancels it itself.
// The loop shutting down: the caller's task is cancelled, which is the second case.
//
// What depends on the type of the values is small and inlinable, so that it becomes code for the caller's types: the place for
// the winner's value. It is written under the lock by the operation that decides, and read when all have ended.

import AsyncIORuntime
import Synchronization

/// Operations of which the first to end, or to succeed, wins, and the winner's value.
@usableFromInline
@safe final class Contest<Value: Sendable>: ContestCore, @unchecked Sendable {
  // Sendable: see above.
  @usableFromInline var value: Value?

  @inlinable
  override init(endsWithError: Bool) { super.init(endsWithError: endsWithError) }

  /// Runs an operation up to its first suspension, and goes on with it beside the caller.
  @inlinable
  func start(_ operation: @escaping @Sendable () async throws -> Value) {
    guard let index = enter() else { return }
    keepChild { [self] in
      do {
        let value = try await operation()
        succeed(index) { self.value = value }
      } catch {
        fail(index, error)
      }
    }
  }
}

/// Of a contest, what does not depend on the type of the values.
@usableFromInline
@safe class ContestCore: @unchecked Sendable {
  // Sendable: its parts are; the subclass says who may touch what it adds.

  /// What has become of it.
  enum Outcome {
    /// Nothing yet, or all have failed → won, lost, cancelled.
    case open
    /// The operation with the index has returned a value (last).
    case won(index: Int)
    /// An operation has thrown, where that decides (last).
    case lost(any Error)
    /// The caller was cancelled first (last).
    case cancelled

    var isOpen: Bool {
      if case .open = self { true } else { false }
    }
  }

  private struct State {
    var outcome = Outcome.open
    var started = 0
    /// The operations that have not ended, and the starter.
    var running = 1
    var tasks: [Task<Void, any Error>] = []
    /// In the order in which they came.
    var errors: [(index: Int, error: any Error)] = []
    /// Whether the operation that was started last has failed.
    var lastHasFailed = false
    /// Finished when the contest is decided, or the operation started last fails.
    var progress: Waiter?
  }

  /// What is done when the lock was left.
  private struct Actions {
    var cancelled: [Task<Void, any Error>] = []
    var progress: Waiter?
    var isEnd = false
  }

  private let endsWithError: Bool
  private let state = Mutex(State())
  private let ended = Waiter()

  /// Makes a contest without operations.
  ///
  /// - Parameter endsWithError: Whether an error decides it as well as a value.
  @usableFromInline
  init(endsWithError: Bool) { self.endsWithError = endsWithError }

  /// Whether nothing more is to be started.
  @usableFromInline
  final var isDecided: Bool { state.withLock { !$0.outcome.isOpen } }

  /// Counts an operation in; nil if the contest is decided, so that it is not to be started.
  @usableFromInline
  final func enter() -> Int? {
    state.withLock { state in
      guard state.outcome.isOpen else { return nil }
      defer { state.started += 1 }
      state.running += 1
      state.lastHasFailed = false
      return state.started
    }
  }

  /// Starts the task of an operation that was counted in.
  @usableFromInline
  final func keepChild(_ body: @escaping @Sendable @isolated(any) () async throws -> Void) {
    let task = EventLoop.startChild(body)
    let isLate = state.withLock { state in
      if state.outcome.isOpen { state.tasks.append(task) }
      return !state.outcome.isOpen
    }
    if isLate { task.cancel() }
  }

  /// Ends an operation that has returned; if that decides the contest, `keep` is called before anybody is told.
  @usableFromInline
  final func succeed(_ index: Int, _ keep: () -> Void) {
    perform { state in
      if state.outcome.isOpen { keep() }
      return decide(&state, .won(index: index))
    }
  }

  /// Ends an operation that has thrown.
  @usableFromInline
  final func fail(_ index: Int, _ error: any Error) {
    perform { state in
      state.errors.append((index, error))
      if endsWithError { return decide(&state, .lost(error)) }
      guard index == state.started - 1 else { return Actions() }
      state.lastHasFailed = true
      return Actions(progress: state.progress.take())
    }
  }

  /// Decides that nobody wins, unless somebody has.
  @usableFromInline
  final func cancel() {
    perform(endsOne: false) { decide(&$0, .cancelled) }
  }

  private final func decide(_ state: inout State, _ outcome: Outcome) -> Actions {
    guard state.outcome.isOpen else { return Actions() }
    state.outcome = outcome
    defer { state.tasks = [] }
    return Actions(cancelled: state.tasks, progress: state.progress.take())
  }

  private final func perform(endsOne: Bool = true, _ change: (inout State) -> Actions) {
    let actions = state.withLock { state in
      var actions = change(&state)
      if endsOne { state.running -= 1 }
      actions.isEnd = endsOne && state.running == 0
      return actions
    }
    for task in actions.cancelled { task.cancel() }
    actions.progress?.finish(.woken)
    if actions.isEnd { ended.finish(.woken) }
  }

  /// Has `waiter` finished when the contest is decided, or the operation that was started last fails.
  ///
  /// False if that has happened already.
  final func notify(_ waiter: Waiter) -> Bool {
    state.withLock { state in
      guard state.outcome.isOpen, !state.lastHasFailed else { return false }
      state.progress = waiter
      return true
    }
  }

  /// Waits until no operation runs any more, whatever becomes of the waiting task; nothing may be started then.
  @usableFromInline
  final func waitForEnd() async {
    perform { _ in Actions() }
    if ended.outcome == nil { await ended.waitUncancelled(for: "the operations of a race to end") }
  }

  /// What has decided it, when it has ended; all errors, also of those that have lost, in the order in which they came.
  final var result: (outcome: Outcome, started: Int, errors: [(index: Int, error: any Error)]) {
    state.withLock { ($0.outcome, $0.started, $0.errors) }
  }

  /// What to throw where there is no winner.
  @usableFromInline
  final var failure: any Error {
    let (outcome, _, errors) = result
    return switch outcome {
    case .won: preconditionFailure("the winner of a race has left no value")
    case .lost(let error): error
    case .cancelled: CancellationError()
    case .open: ErrorGroup.combining(errors.map(\.error)) ?? CancellationError()
    }
  }
}
