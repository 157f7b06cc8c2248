// What `gather` and `asCompleted` share: run an operation for each element of a collection, at most so many at a time, on
// as few tasks as suspend.
//
// A worker is a task that takes the next element, runs the operation, delivers its result, and takes the next one. Each is
// started at once, on the caller's thread, and another only when it has suspended: a thousand operations that need not wait
// are done by one task.
//
// All state is in `state`, under one lock that is never held across a call of anything but `next` of the iterator and the
// delivery into the caller's own storage. Who ends what: the pool has ended when no worker is left and none will be started;
// the one that finds that (the last worker, or the starter) finishes `ended`.

import AsyncIORuntime
import Synchronization

/// Runs an operation for each element of a sequence, on tasks that it starts as needed.
final class TaskPool<Element: Sendable, Result: Sendable>: @unchecked Sendable {
  // Sendable: the mutable state is guarded by the mutex, the rest is constant.
  private struct State: @unchecked Sendable {
    // Sendable: `elements` is called under the lock only, and by nobody else.
    /// Gives the next element; nil when there are no more.
    var elements: (() -> Element?)?
    var next = 0
    /// Workers that have not ended, and one for the starter while it starts.
    var active = 1
    var tasks: [Task<Void, any Error>] = []
    var isStopped = false
  }

  private let state: Mutex<State>
  private let operation: @Sendable (Element) async throws -> Result
  private let deliver: @Sendable (Int, Swift.Result<Result, any Error>) -> Void
  private let ended = Waiter("tasks to end")

  /// Makes a pool that has not started.
  ///
  /// - Parameters:
  ///   - elements: Taken one at a time, when a worker is free.
  ///   - operation: Run for each.
  ///   - deliver: Called with the element's index and result, on whatever thread the operation ended.
  init<Elements: Sequence>(
    _ elements: Elements,
    _ operation: @escaping @Sendable (Element) async throws -> Result,
    deliver: @escaping @Sendable (Int, Swift.Result<Result, any Error>) -> Void
  ) where Elements.Element == Element {
    var iterator = elements.makeIterator()
    state = Mutex(State(elements: { iterator.next() }))
    self.operation = operation
    self.deliver = deliver
  }

  /// Starts workers until `limit` of them wait, or the elements are used up.
  func start(limit: Int) {
    for _ in 0..<limit {
      // Nothing left to take: no further worker is needed.
      guard reserveWorker() else { break }
      let task = EventLoop.makeChild { await self.work() }
      state.withLock { state in
        if state.isStopped { task.cancel() } else { state.tasks.append(task) }
      }
    }
    leave()
  }

  /// Cancels the workers and takes no more elements.
  ///
  /// Idempotent.
  func stop() {
    let tasks = state.withLock { state in
      state.isStopped = true
      state.elements = nil
      defer { state.tasks = [] }
      return state.tasks
    }
    for task in tasks { task.cancel() }
  }

  /// Waits until the last worker has ended, whatever becomes of the waiting task.
  func waitForEnd() async { await ended.waitUncancelled() }

  /// How many elements were taken.
  var taken: Int { state.withLock { $0.next } }

  /// Whether no worker is left and none will be started.
  var isEnded: Bool { ended.outcome != nil }

  private func reserveWorker() -> Bool {
    state.withLock { state in
      guard !state.isStopped, state.elements != nil else { return false }
      state.active += 1
      return true
    }
  }

  private func take() -> (Int, Element)? {
    state.withLock { state in
      guard !state.isStopped, let element = state.elements?() else {
        state.elements = nil
        return nil
      }
      defer { state.next += 1 }
      return (state.next, element)
    }
  }

  private func work() async {
    while let (index, element) = take() {
      do {
        deliver(index, .success(try await operation(element)))
      } catch {
        deliver(index, .failure(error))
      }
    }
    leave()
  }

  private func leave() {
    let isLast = state.withLock { state in
      state.active -= 1
      return state.active == 0
    }
    if isLast { ended.finish(.woken) }
  }
}
