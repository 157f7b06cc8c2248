// The inside of a task that was made through our API: its result, who waits for it, who owns it.
//
// Who owns what: the task owns its core until it has ended, the registry names its record until then, and handles own the core
// for as long as somebody may ask. An error is delivered to whoever asks for the result, or to the scope that owns the task;
// if there was neither when the last reference goes away, it is reported as unhandled.
//
// Waiters: whoever waits adds a waiter under the lock if there is no result yet; the end of the task takes all of them under the
// lock and wakes them outside of it. A waiter whose own task is cancelled is taken out again; if it was woken at that instant, the
// result is there, and whoever waits takes it.

import AsyncIORuntime
import Synchronization

/// The result of a task, and who waits for it.
final class TaskCore<Success: Sendable>: Sendable {
  private struct Progress {
    var result: Result<Success, any Error>?
    var waiters: [Waiter] = []
    /// Whether somebody has taken the result, so that an error is known.
    var isTaken = false
  }

  let record: TaskRecord
  private let owner: (any TaskOwner)?
  /// Whether the task is running inside the call that makes it.
  private let isInCreator = Atomic<Bool>(false)
  private let progress = Mutex(Progress())

  init(_ record: TaskRecord, owner: (any TaskOwner)?) {
    self.record = record
    self.owner = owner
  }

  deinit {
    let error: (any Error)? = progress.withLock { progress in
      guard !progress.isTaken, case .failure(let error) = progress.result else { return nil }
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
  ///   - operation: Not run if the task is cancelled before it starts.
  func start(eagerly: Bool, _ operation: @escaping @Sendable () async throws -> Success) {
    TaskRegistry.shared.insert(record)
    // The closure and not the task owns the core's last reference: it goes away when the body has ended.
    let task: Task<Void, any Error> =
      if eagerly {
        startImmediately(operation)
      } else if let loop = EventLoop.preference {
        Task(name: record.name, executorPreference: loop) { await self.run(operation) }
      } else {
        Task(name: record.name) { await self.run(operation) }
      }
    record.setCancellation { task.cancel() }
  }

  private func startImmediately(
    _ operation: @escaping @Sendable () async throws -> Success
  ) -> Task<Void, any Error> {
    isInCreator.store(true, ordering: .relaxed)
    defer { isInCreator.store(false, ordering: .relaxed) }
    // Even a preference for nothing is a record in the task, and a lock at each of its switches.
    guard let loop = EventLoop.preference else {
      return Task.immediate(name: record.name) { await self.run(operation) }
    }
    return Task.immediate(name: record.name, executorPreference: loop) { await self.run(operation) }
  }

  private func run(_ operation: @Sendable () async throws -> Success) async {
    record.state = .running
    if isInCreator.load(ordering: .relaxed) { cancelFromNowOn() }
    record.bind()
    defer { record.unbind() }
    do {
      // A task of the language always runs its body; asyncio's does not if it was cancelled first, nor does ours.
      try Task.checkCancellation()
      end(.success(try await operation()))
    } catch {
      end(.failure(error))
    }
  }

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
  func refuse() {
    progress.withLock { $0.result = .failure(CancellationError()) }
    record.state = .finished
  }

  private func end(_ result: Result<Success, any Error>) {
    var failure: (any Error)?
    if case .failure(let error) = result, !(error is CancellationError) { failure = error }
    if let owner, let failure, isInCreator.load(ordering: .relaxed) {
      // The owner may cancel the creator, which must not happen in the middle of the creator's own code (asyncio gh-128550).
      let isOwners = owner.seesToErrors
      record.loop.callSoon { [record] in
        if isOwners { owner.childFailed(failure) }
        owner.childLeft(record)
      }
      publish(result, isTaken: isOwners)
    } else {
      // Before the waiters run: whoever sees the end of a child sees its scope cancelled too.
      let isOwners = failure != nil && owner?.seesToErrors == true
      if isOwners, let failure { owner?.childFailed(failure) }
      publish(result, isTaken: isOwners)
      owner?.childLeft(record)
    }
  }

  private func publish(_ result: Result<Success, any Error>, isTaken: Bool) {
    let waiters = progress.withLock { progress in
      progress.result = result
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

  /// The result, if the task has ended; whoever asks has it.
  var result: Result<Success, any Error>? {
    progress.withLock { progress in
      if progress.result != nil { progress.isTaken = true }
      return progress.result
    }
  }

  /// Whether the task has ended.
  var isDone: Bool { progress.withLock { $0.result != nil } }

  /// Whether the task has ended by a cancellation.
  var isCancelled: Bool {
    progress.withLock { progress in
      if case .failure(is CancellationError) = progress.result { true } else { false }
    }
  }

  /// Whether the task has ended with an error other than its cancellation; nobody has taken it by that.
  var hasFailed: Bool {
    progress.withLock { progress in
      if case .failure(let error) = progress.result { !(error is CancellationError) } else { false }
    }
  }

  /// How many wait for the result.
  var waiterCount: Int { progress.withLock { $0.waiters.count } }

  /// Has `waiter` woken when the task ends; false if it has ended.
  func add(_ waiter: Waiter) -> Bool {
    progress.withLock { progress in
      if progress.result == nil { progress.waiters.append(waiter) }
      return progress.result == nil
    }
  }

  /// Takes out a waiter that waits no more.
  ///
  /// - Complexity: O(n) in the number of waiters.
  func remove(_ waiter: Waiter) {
    progress.withLock { progress in
      if let index = progress.waiters.lastIndex(where: { $0 === waiter }) {
        progress.waiters.remove(at: index)
      }
    }
  }

  /// Waits for the result, whatever becomes of the waiting task.
  func finalResult() async -> Result<Success, any Error> {
    let waiter = Waiter()
    if add(waiter) { await waiter.waitUncancelled(for: "a task to end") }
    guard let result else {
      preconditionFailure("\(record) was reported as ended and left no result")
    }
    return result
  }

  /// Waits for the result; nil if the waiting task is cancelled before it is there.
  func resultUnlessCancelled() async -> Result<Success, any Error>? {
    let waiter = Waiter()
    if add(waiter), await waiter.wait(for: "a task to end") != .woken { remove(waiter) }
    return result
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
