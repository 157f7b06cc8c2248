// What `gather` and `asCompleted` share: run a numbered operation for each of n items, at most so many at a time, on as few
// tasks as suspend.
//
// A worker is a task that takes the next number, runs the operation, and takes the next one. The starter starts one, lets it
// run, and if numbers are left then starts two more, then four, and so on: a thousand operations that need not wait are done by
// one task, and a thousand that do are started in ten turns of the loop.
//
// Who takes what: `next` is counted up, so each number is given to one worker. Who ends: `active` counts the workers, and the
// starter while it starts; whoever counts it down to zero finishes `ended`, and what the workers wrote before they counted
// down is visible to whoever that wakes (the count is an acquiring and releasing one). Who cancels: `stop` raises `isStopped`
// and cancels the tasks in the list; a task that is put into the list later finds `isStopped` raised, under the same lock,
// and is cancelled by whoever has started it. A worker that was cancelled otherwise, by its own operation, makes way for
// a fresh one.

import AsyncIORuntime
import Synchronization

/// Runs a numbered operation on tasks that it starts as needed.
@usableFromInline
final class TaskPool: Sendable {
  private struct Workers {
    var tasks: [Task<Void, any Error>] = []
    var isStopped = false
  }

  /// How many workers are started between two looks at what has become of them: while they are fresh in the cache.
  private static let largestBatch = 256

  private let count: Int
  private let next = Atomic<Int>(0)
  private let active = Atomic<Int>(1)
  private let isStopped = Atomic<Bool>(false)
  private let workers = Mutex(Workers())
  private let operation: @Sendable (Int) async -> Void
  private let ended = Waiter()
  private let places = WorkerPlaces()

  /// Makes a pool that has not started.
  ///
  /// - Parameters:
  ///   - count: Operations are numbered from 0 up to `count`, not included.
  ///   - operation: Run once for each number, in their order.
  @usableFromInline
  init(count: Int, _ operation: @escaping @Sendable (Int) async -> Void) {
    self.count = count
    self.operation = operation
  }

  /// Starts workers until `limit` of them are suspended, or the numbers are used up.
  ///
  /// ## Cancellation
  /// Has no effect: `stop` ends the workers.
  @usableFromInline
  func start(limit: Int) async {
    let preference = EventLoop.preference
    // One closure for all workers, as each would be an allocation that lasts as long as its task; and a throwing one, as the
    // language wraps the other kind into another closure for each task.
    let worker: @Sendable @isolated(any) () async throws -> Void = { [self] in await work() }
    var started = 0
    var batch = 1
    while started < limit, hasMore {
      let size = min(batch, limit - started, count - next.load(ordering: .relaxed))
      for _ in 0..<max(0, size) {
        active.add(1, ordering: .relaxed)
        keep(makeWorker(preference: preference, worker))
      }
      started += size
      batch = min(batch * 2, Self.largestBatch)
      // The workers run now; if they come back here without having used up the numbers, they are suspended.
      if started < limit, hasMore { await giveWay() }
    }
    leave()
  }

  private func keep(_ task: Task<Void, any Error>) {
    let isLate = workers.withLock { workers in
      if !workers.isStopped { workers.tasks.append(task) }
      return workers.isStopped
    }
    guard isLate else { return }
    task.cancel()
    places.tellAll()
  }

  /// Cancels the workers and gives out no more numbers.
  ///
  /// Idempotent.
  @usableFromInline
  func stop() {
    isStopped.store(true, ordering: .releasing)
    let tasks = workers.withLock { workers in
      workers.isStopped = true
      defer { workers.tasks = [] }
      return workers.tasks
    }
    for task in tasks { task.cancel() }
    places.tellAll()
  }

  /// Waits until the last worker has ended, whatever becomes of the waiting task.
  @usableFromInline
  func waitForEnd() async {
    if !isEnded { await ended.waitUncancelled(for: "operations to end") }
  }

  /// Whether no worker is left and none will be started.
  var isEnded: Bool { ended.outcome != nil }

  private var hasMore: Bool {
    next.load(ordering: .relaxed) < count && !isStopped.load(ordering: .acquiring)
  }

  private func work() async {
    places.enter()
    while hasMore {
      let number = next.add(1, ordering: .relaxed).oldValue
      guard number < count else { break }
      await operation(number)
      // An operation that has cancelled its own task has cancelled itself, and none of those that come after it.
      if Task.isCancelled, hasMore {
        replaceWorker()
        break
      }
    }
    leave()
  }

  /// Starts a worker in the place of the one that calls this, which must end.
  private func replaceWorker() {
    active.add(1, ordering: .relaxed)
    keep(makeWorker(preference: EventLoop.preference) { [self] in await work() })
  }

  private func makeWorker(
    preference: EventLoop?, _ body: @escaping @Sendable @isolated(any) () async throws -> Void
  ) -> Task<Void, any Error> {
    preference.map { Task(executorPreference: $0, operation: body) } ?? Task(operation: body)
  }

  private func leave() {
    if active.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { ended.finish(.woken) }
  }
}
