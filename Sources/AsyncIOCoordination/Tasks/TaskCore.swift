// The inside of a task that was made through our API: its result, who waits for it, who owns it.
//
// Who owns what: the task owns its core until it has ended, the registry names its record until then, and handles own the core
// for as long as somebody may ask. An error is delivered to whoever asks for the result, or to the scope that owns the task;
// if there was neither when the last reference goes away, it is reported as unhandled.
//
// Waiters: whoever waits adds a waiter under the lock if there is no result yet; the end of the task takes all of them under the
// lock and wakes them outside of it. A waiter whose own task is cancelled is taken out again; if it was woken at that instant, the
// result is there, and whoever waits takes it.
//
// All of this is the same for every type of value, and in a class that knows nothing of it: generic code of another module asks
// for the metadata of its types at each step, which was half of what a task cost. The value itself is in a subclass
// (ValuedTaskCore.swift), whose few lines become code for the caller's type.

import AsyncIORuntime
import Synchronization

/// How a task has ended, but for its value.
@usableFromInline
enum TaskOutcome: Sendable {
  /// Its value is in the core.
  case succeeded
  case failed(any Error)
}

/// How a task has ended, and who waits for that.
@usableFromInline
class TaskCore: @unchecked Sendable {
  // Sendable: constant, atomic, or behind the mutex.

  private struct Progress {
    var outcome: TaskOutcome?
    var waiters: [Waiter] = []
    /// Whether somebody has taken the result, so that an error is known.
    var isTaken = false
  }

  let record: TaskRecord
  private let owner: (any TaskOwner)?
  /// Whether the task is running inside the call that makes it.
  private let isInCreator = Atomic<Bool>(false)
  private let progress = Mutex(Progress())

  /// Makes the core of a task that the runtime owns.
  @usableFromInline
  init(name: String?, fileID: StaticString, line: UInt) {
    record = TaskRecord(name: name, fileID: fileID, line: line, loop: .orDefault)
    owner = nil
  }

  /// Makes the core of a task that `scope` owns.
  @usableFromInline
  init(name: String?, fileID: StaticString, line: UInt, in scope: TaskScopeCore) {
    record = TaskRecord(name: name, fileID: fileID, line: line, loop: .orDefault, parent: scope.context)
    owner = scope
  }

  deinit {
    let error: (any Error)? = progress.withLock { progress in
      guard !progress.isTaken, case .failed(let error) = progress.outcome else { return nil }
      return error
    }
    if let error, !(error is CancellationError) {
      EventLoop.reportUnhandled(error, source: record.description)
    }
  }

  // MARK: Running

  /// Makes the task of this core.
  ///
  /// - Parameters:
  ///   - eagerly: Whether it runs at once, up to its first suspension.
  ///   - body: Calls `begin`, `end` and `leave`, and has the core's last reference.
  @usableFromInline
  final func start(eagerly: Bool, _ body: @escaping @Sendable @isolated(any) () async -> Void) {
    TaskRegistry.shared.insert(record)
    // The closure and not the task owns the core's last reference: it goes away when the body has ended.
    let task: Task<Void, Never> =
      if eagerly {
        startImmediately(body)
      } else if let loop = EventLoop.preference {
        Task(name: record.name, executorPreference: loop, operation: body)
      } else {
        Task(name: record.name, operation: body)
      }
    record.setCancellation { task.cancel() }
  }

  private func startImmediately(
    _ body: @escaping @Sendable @isolated(any) () async -> Void
  ) -> Task<Void, Never> {
    isInCreator.store(true, ordering: .relaxed)
    defer { isInCreator.store(false, ordering: .relaxed) }
    // Even a preference for nothing is a record in the task, and a lock at each of its switches.
    guard let loop = EventLoop.preference else {
      return Task.immediate(name: record.name, operation: body)
    }
    return Task.immediate(name: record.name, executorPreference: loop, operation: body)
  }

  /// Says that the current task begins; false if it was cancelled before, and is to do nothing.
  @usableFromInline
  final func begin() -> Bool {
    record.state = .running
    if isInCreator.load(ordering: .relaxed) { cancelFromNowOn() }
    record.bind()
    // A task of the language always runs its body; asyncio's does not if it was cancelled first, nor does ours.
    let isCancelled = TaskIdentity.currentAndCancellation.isCancelled
    if isCancelled { end(.failed(CancellationError())) }
    return !isCancelled
  }

  /// Says that the current task does nothing more.
  @usableFromInline
  final func leave() { record.unbind() }

  /// Lets an eager task be cancelled in its first step, in which whoever makes it has not got it yet.
  private func cancelFromNowOn() {
    unsafe withUnsafeCurrentTask { current in
      guard let current = unsafe current else { return }
      // Any task is one pointer; the copy counts a reference.
      let task = unsafe unsafeBitCast(current, to: Task<Void, Never>.self)
      record.setCancellation { task.cancel() }
    }
  }

  /// Ends a task that was never made, because its owner takes no more.
  final func refuse() {
    progress.withLock { $0.outcome = .failed(CancellationError()) }
    record.state = .finished
  }

  /// Publishes how the task has ended; its value is in its place.
  @usableFromInline
  final func end(_ outcome: TaskOutcome) {
    var failure: (any Error)?
    if case .failed(let error) = outcome, !(error is CancellationError) { failure = error }
    if let owner, let failure, isInCreator.load(ordering: .relaxed) {
      // The owner may cancel the creator, which must not happen in the middle of the creator's own code (asyncio gh-128550).
      let isOwners = owner.seesToErrors
      record.loop.callSoon { [record] in
        if isOwners { owner.childFailed(failure) }
        owner.childLeft(record)
      }
      publish(outcome, isTaken: isOwners)
    } else {
      // Before the waiters run: whoever sees the end of a child sees its scope cancelled too.
      let isOwners = failure != nil && owner?.seesToErrors == true
      if isOwners, let failure { owner?.childFailed(failure) }
      publish(outcome, isTaken: isOwners)
      owner?.childLeft(record)
    }
  }

  private func publish(_ outcome: TaskOutcome, isTaken: Bool) {
    let waiters = progress.withLock { progress in
      progress.outcome = outcome
      progress.isTaken = progress.isTaken || isTaken
      defer { progress.waiters = [] }
      return progress.waiters
    }
    record.state = .finished
    TaskRegistry.shared.remove(record)
    for waiter in waiters { waiter.finish(.woken) }
    // A runner that ends its leftovers looks at them before each turn.
    record.loop.wake()
  }

  // MARK: Asking

  /// How the task has ended, if it has; whoever asks knows its error.
  @usableFromInline
  final var outcome: TaskOutcome? {
    progress.withLock { progress in
      if progress.outcome != nil { progress.isTaken = true }
      return progress.outcome
    }
  }

  /// Whether the task has ended.
  final var isDone: Bool { progress.withLock { $0.outcome != nil } }

  /// Whether the task has ended by a cancellation.
  final var isCancelled: Bool {
    progress.withLock { progress in
      if case .failed(is CancellationError) = progress.outcome { true } else { false }
    }
  }

  /// Whether the task has ended with an error other than its cancellation; nobody has taken it by that.
  final var hasFailed: Bool {
    progress.withLock { progress in
      if case .failed(let error) = progress.outcome { !(error is CancellationError) } else { false }
    }
  }

  /// How many wait for the result.
  final var waiterCount: Int { progress.withLock { $0.waiters.count } }

  /// Has `waiter` woken when the task ends; false if it has ended.
  final func add(_ waiter: Waiter) -> Bool {
    progress.withLock { progress in
      if progress.outcome == nil { progress.waiters.append(waiter) }
      return progress.outcome == nil
    }
  }

  /// Takes out a waiter that waits no more.
  ///
  /// - Complexity: O(n) in the number of waiters.
  final func remove(_ waiter: Waiter) {
    progress.withLock { progress in
      if let index = progress.waiters.lastIndex(where: { $0 === waiter }) {
        progress.waiters.remove(at: index)
      }
    }
  }

  /// Waits for the end, whatever becomes of the waiting task.
  @usableFromInline
  final func finalOutcome() async -> TaskOutcome {
    if let outcome { return outcome }
    let waiter = Waiter()
    if add(waiter) { await waiter.waitUncancelled(for: "a task to end") }
    guard let outcome else {
      preconditionFailure("\(record) was reported as ended and left no result")
    }
    return outcome
  }

  /// Waits for the end, and cancels the task when the waiting task is cancelled.
  @usableFromInline
  final func finalOutcomeCancelling() async -> TaskOutcome {
    if let outcome { return outcome }
    return await withTaskCancellationHandler {
      await finalOutcome()
    } onCancel: {
      cancel(reason: nil)
    }
  }

  /// Waits for the end; nil if the waiting task is cancelled before it has come.
  final func outcomeUnlessCancelled() async -> TaskOutcome? {
    let waiter = Waiter()
    if add(waiter), await waiter.wait(for: "a task to end") != .woken { remove(waiter) }
    return outcome
  }

  // MARK: Cancelling

  /// Cancels the task; false if it has ended.
  @discardableResult
  final func cancel(reason: String?) -> Bool {
    guard !isDone else { return false }
    record.cancel(.requested(reason))
    return true
  }
}

/// What owns tasks: a task scope.
protocol TaskOwner: AnyObject, Sendable {
  /// Whether errors of children are the owner's business, and not only that of who asks for their values.
  var seesToErrors: Bool { get }
  /// A child has thrown.
  func childFailed(_ error: any Error)
  /// Nothing of a child runs any more.
  func childLeft(_ child: TaskRecord)
}
