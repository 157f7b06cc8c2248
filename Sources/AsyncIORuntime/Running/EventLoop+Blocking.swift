// From synchronous code on another thread into the loop, and back with the result.
//
// The caller's thread sleeps on a semaphore that is raised when there is an outcome: by the task when it has ended, or by the end of
// the loop, whichever comes first, and the first one counts. On a loop's own thread that would never happen, as the loop could
// not run the task: there the call is refused.
//
// Why no thread sleeps for ever: before it makes the task it enters itself into the loop's list of visitors, under the list's
// lock, and is refused if the loop was closed. Whoever closes the loop takes the list under the same lock, after the loop's
// tasks were given their time to end, and tells those who are still on it.
//
// Cancelled: a thread that makes a call for a task (`withBlocking`) has that task's cancellation. It finishes a waiter, for
// which a second task on the loop waits, which cancels the first; the end of the first ends the second.

import Glibc
import Synchronization

extension EventLoop {
  /// Runs `body` on this loop and blocks the calling thread until it has ended (asyncio's `run_coroutine_threadsafe(…).result()`).
  ///
  /// For synchronous code on threads that are not the loop's: callbacks of C libraries, worker threads.
  ///
  /// ```swift
  /// let count = try loop.runBlocking { await cache.count }
  /// ```
  ///
  /// Inside of `withBlocking` the body has the task-local values of the call, and is cancelled when that is.
  ///
  /// - Parameters:
  ///   - fileID: Where the call is made; not to be given.
  ///   - line: Where the call is made; not to be given.
  ///   - body: Runs as a task of this loop.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws; `EventLoopError` with the code `wouldBlockLoop` on a thread that drives a loop, `closed` when
  ///   the loop's run has ended.
  public func runBlocking<Result: Sendable>(
    fileID: StaticString = #fileID, line: UInt = #line, _ body: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    guard EventLoop.current == nil else {
      throw EventLoopError(
        .wouldBlockLoop,
        "runBlocking was called on an event loop's own thread, which it would block for ever: await the function instead"
      )
    }
    let exchange = BlockingExchange<Result>()
    guard visitors.enter(exchange) else { throw Visitors.closed }
    defer { visitors.leave(exchange) }
    let record = TaskRecord(name: "runBlocking", fileID: fileID, line: line, loop: self, parent: .current)
    let ended = Waiter()
    // The handler belongs to the task whose call this thread makes.
    let handler = TaskIdentity.current.map { _ in CancellationHandler(finishing: ended) }
    // It refers to the waiter without counting.
    defer { withExtendedLifetime(ended) { handler?.remove() } }
    run(record, installed: isDefaultHere) {
      do {
        exchange.finish(.success(try await body()))
      } catch {
        exchange.finish(.failure(error))
      }
      ended.finish(.woken)
    }
    if handler != nil {
      _ = makeTask(name: nil, installed: isDefaultHere) {
        await ended.waitUncancelled(for: "the end of runBlocking")
        if ended.outcome == .cancelled { record.cancel() }
      }
    }
    return try exchange.wait().get()
  }

  /// Runs `body` on the loop that this thread works for, and blocks the thread until it has ended (anyio's `from_thread.run`).
  ///
  /// Inside of `withBlocking` that is the loop of the caller; elsewhere it is the loop of `EventLoop.run`, or, in a program
  /// that has none, a loop in the background: the bridge by which synchronous code calls async functions.
  ///
  /// ```swift
  /// try await withBlocking {
  ///   for row in database.rows { try EventLoop.runBlocking { try await queue.put(row) } }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - fileID: Where the call is made; not to be given.
  ///   - line: Where the call is made; not to be given.
  ///   - body: Runs as a task of that loop.
  /// - Returns: What `body` returns.
  /// - Throws: As the method of the same name.
  public static func runBlocking<Result: Sendable>(
    fileID: StaticString = #fileID, line: UInt = #line, _ body: @escaping @Sendable () async throws -> Result
  ) throws -> Result {
    try orDefault.runBlocking(fileID: fileID, line: line, body)
  }

  /// Whether a task that is made on this thread goes to this loop without a preference.
  private var isDefaultHere: Bool { InstalledExecutors.home != nil && EventLoop.orDefault === self }

  /// Makes the task of `record`.
  private func run(
    _ record: TaskRecord, installed: Bool, _ body: @escaping @Sendable () async -> Void
  ) {
    TaskRegistry.shared.insert(record)
    let task = makeTask(name: record.name, installed: installed) {
      record.state = .running
      record.bind()
      await body()
      record.unbind()
      record.state = .finished
      TaskRegistry.shared.remove(record)
      record.loop.wake()
    }
    record.setCancellation { task.cancel() }
  }
}

/// The threads that wait for something of a loop.
final class Visitors: Sendable {
  private struct State {
    var waiting: [ObjectIdentifier: any Visitor] = [:]
    var isClosed = false
  }

  static let closed = EventLoopError(
    .closed,
    "the loop that runBlocking was called for does not run any more: call it before EventLoop.run returns")

  private let state = Mutex(State())

  /// Adds a thread; false if the loop was closed.
  func enter(_ visitor: any Visitor) -> Bool {
    state.withLock { state in
      if !state.isClosed { state.waiting[ObjectIdentifier(visitor)] = visitor }
      return !state.isClosed
    }
  }

  func leave(_ visitor: any Visitor) {
    state.withLock { $0.waiting[ObjectIdentifier(visitor)] = nil }
  }

  /// Refuses threads from now on, and tells those that wait.
  func close() {
    let left = state.withLock { state in
      state.isClosed = true
      return Array(state.waiting.values)
    }
    for visitor in left { visitor.refuse() }
  }

  /// Lets threads in again, as another run begins.
  func open() { state.withLock { $0.isClosed = false } }
}

/// A thread that waits for something of a loop.
protocol Visitor: AnyObject, Sendable {
  /// Ends the wait, as the loop was closed.
  func refuse()
}

/// A result that one thread waits for and another brings.
@safe private final class BlockingExchange<Result: Sendable>: Visitor, @unchecked Sendable {
  // Sendable: the result is guarded by the mutex; a semaphore is made for several threads.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  private let result = Mutex<Swift.Result<Result, any Error>?>(nil)

  init() { unsafe sem_init(semaphore, 0, 0) }

  deinit {
    unsafe sem_destroy(semaphore)
    unsafe semaphore.deallocate()
  }

  func refuse() { finish(.failure(Visitors.closed)) }

  /// Ends the wait; the first outcome counts.
  func finish(_ outcome: Swift.Result<Result, any Error>) {
    result.withLock { if $0 == nil { $0 = outcome } }
    unsafe sem_post(semaphore)
  }

  func wait() -> Swift.Result<Result, any Error> {
    while true {
      // A signal may end the wait early.
      while unsafe sem_wait(semaphore) != 0 {}
      if let result = result.withLock({ $0 }) { return result }
    }
  }
}
