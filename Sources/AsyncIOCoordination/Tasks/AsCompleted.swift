// `asCompleted`: results as they come.
//
// Each operation has a place for its result; it writes that and delivers its number into a FIFO queue, from which the one task
// that iterates takes, or leaves a waiter there that the next delivery wakes. The iterator holds the pool; when it goes away, by
// the end of the loop or by leaving it, the pool is stopped. (The workers hold the pool and the places, but not the iterator.)
//
// What depends on the type of the results, the places, is inlinable, so that in the caller's module it becomes code for the
// caller's types; what does not depend on it is in `Completions`, `CompletionQueue` and `TaskPool`.

import AsyncIORuntime
import Synchronization

/// Runs `operation` for each element at once, or at most `limit` at a time, and gives the results as they come
/// (asyncio's `as_completed`).
///
/// ```swift
/// for try await page in asCompleted(urls, limit: 10, { try await fetch($0) }) {
///   print(page)
/// }
/// ```
///
/// The operations start when the loop starts. Leaving it early, by `break` or an error, cancels the rest (asyncio lets it run),
/// which cleans up by itself. An error of an operation is thrown when its turn comes and ends the loop; operations that may
/// fail one by one return a `Result`. For a timeout, put `withTimeout` around the loop or around each `next`: the operations
/// that are left end with it. Equal elements are operations of their own.
///
/// - Parameters:
///   - elements: What to run the operation for; they are all taken before the first starts (`concurrentMap` takes them as it
///     goes).
///   - limit: How many operations may run at once, at least 1; all of them if nil.
///   - operation: Started in the order of the elements.
/// - Returns: The results in the order in which the operations end; to be iterated once.
/// - Complexity: O(n); as many tasks as operations are suspended at once.
///
/// ## Cancellation
/// Cancels the operations and throws `CancellationError` from the iteration.
@inlinable
public func asCompleted<Elements: Sequence & Sendable, Result: Sendable>(
  _ elements: Elements,
  limit: Int? = nil,
  _ operation: @escaping @Sendable (Elements.Element) async throws -> Result
) -> AsCompleted<Elements, Result> where Elements.Element: Sendable {
  precondition(limit.map { $0 > 0 } ?? true, "asCompleted's limit is at least 1, not \(limit ?? 0)")
  return AsCompleted(elements: elements, limit: limit, operation: operation)
}

/// The results of operations, in the order in which they end.
public struct AsCompleted<Elements: Sequence & Sendable, Result: Sendable>: AsyncSequence, Sendable
where Elements.Element: Sendable {
  /// A result.
  public typealias Element = Result
  /// Operations may throw anything.
  public typealias Failure = any Error

  @usableFromInline let elements: Elements
  @usableFromInline let limit: Int?
  @usableFromInline let operation: @Sendable (Elements.Element) async throws -> Result

  @inlinable
  init(
    elements: Elements, limit: Int?,
    operation: @escaping @Sendable (Elements.Element) async throws -> Result
  ) {
    self.elements = elements
    self.limit = limit
    self.operation = operation
  }

  /// Makes an iterator; the operations start with its first `next`.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Gives the results; the operations that are left are cancelled when it goes away.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let results: CompletedResults<Result>
    @usableFromInline let completions: Completions

    @inlinable
    init(_ sequence: AsCompleted) {
      let elements = Array(sequence.elements)
      let operation = sequence.operation
      let results = CompletedResults<Result>(count: elements.count)
      let pool = TaskPool(count: elements.count) { index in
        do {
          results.deliver(try await operation(elements[index]), at: index)
        } catch {
          results.queue.fail(error)
        }
      }
      self.results = results
      completions = Completions(results.queue, pool, limit: sequence.limit ?? .max)
    }

    /// The next result, or nil when all operations have ended, or an earlier call has thrown.
    ///
    /// - Throws: The error of the operation whose turn it is; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the operations that are left; later calls return nil.
    @inlinable
    public mutating func next() async throws -> Result? {
      guard let index = try await completions.next() else { return nil }
      return results.take(at: index)
    }
  }
}

/// A place for the result of each operation.
///
/// It is written by the operation before its number is delivered, and emptied by the task that has taken the number.
@usableFromInline
@safe
final class CompletedResults<Result: Sendable>: @unchecked Sendable {
  // Sendable: see above; the queue's lock is between the two.
  @usableFromInline let places: UnsafeMutablePointer<Result?>
  @usableFromInline let count: Int
  @usableFromInline let queue = CompletionQueue()

  @inlinable
  init(count: Int) {
    self.count = count
    unsafe places = .allocate(capacity: count)
    unsafe places.initialize(repeating: nil, count: count)
  }

  deinit {
    unsafe places.deinitialize(count: count)
    unsafe places.deallocate()
  }

  @inlinable
  func deliver(_ result: Result, at index: Int) {
    precondition(index < count)
    unsafe places[index] = result
    queue.deliver(index)
  }

  @inlinable
  func take(at index: Int) -> Result? {
    precondition(index < count)
    return unsafe places[index].take()
  }
}

/// The iterating task's side: starts the operations, waits for them, and ends those that are left.
@usableFromInline
final class Completions: Sendable {
  private let queue: CompletionQueue
  private let pool: TaskPool
  private let limit: Int
  private let isStarted = Atomic<Bool>(false)

  @usableFromInline
  init(_ queue: CompletionQueue, _ pool: TaskPool, limit: Int) {
    self.queue = queue
    self.pool = pool
    self.limit = limit
  }

  deinit { pool.stop() }

  /// The number of the operation that has ended next; nil if there is none.
  @usableFromInline
  func next() async throws -> Int? {
    start()
    while true {
      if Task.isCancelled {
        pool.stop()
        guard queue.close() else { return nil }
        throw CancellationError()
      }
      switch queue.take() {
      case .number(let number): return number
      case .failure(let error):
        pool.stop()
        throw error
      case .nothingYet(let waiter): _ = await waiter.wait(for: "a result of asCompleted")
      case .nothingMore: return nil
      }
    }
  }

  private func start() {
    guard !isStarted.load(ordering: .relaxed),
      !isStarted.exchange(true, ordering: .acquiringAndReleasing)
    else { return }
    let (pool, queue, limit) = (pool, queue, limit)
    _ = EventLoop.startChild {
      await pool.start(limit: limit)
      await pool.waitForEnd()
      queue.end()
    }
  }
}

/// The numbers of operations in the order in which they ended, up to one that has failed, and the one task that waits for more.
@usableFromInline
final class CompletionQueue: Sendable {
  private enum Phase {
    /// Numbers are delivered → ended, over.
    case open
    /// All operations have ended or one has failed, and what is there can be taken → over.
    case ended
    /// Whoever takes has got the last that there is to get (last).
    case over
  }

  private struct State {
    var phase = Phase.open
    var numbers: [Int] = []
    /// Numbers before this index were taken.
    var head = 0
    /// Comes after the last number; nothing comes after it.
    var failure: (any Error)?
    var waiter: Waiter?
  }

  enum Taken {
    case number(Int)
    case failure(any Error)
    case nothingYet(Waiter)
    case nothingMore
  }

  private let state = Mutex(State())

  @usableFromInline
  init() {}

  /// Says that an operation has left its result.
  @usableFromInline
  func deliver(_ number: Int) {
    wake { state in
      if state.phase == .open { state.numbers.append(number) }
    }
  }

  /// Says that an operation has thrown.
  @usableFromInline
  func fail(_ error: any Error) {
    wake { state in
      guard state.phase == .open else { return }
      state.failure = error
      state.phase = .ended
    }
  }

  /// Says that nothing more will be delivered.
  func end() {
    wake { state in
      if state.phase == .open { state.phase = .ended }
    }
  }

  /// Drops what is there and what may come; false if whoever takes has got the last already.
  func close() -> Bool {
    state.withLock { state in
      defer { state = State(phase: .over) }
      return state.phase != .over
    }
  }

  /// Takes the oldest number; if there is none and more may come, leaves a waiter to be woken.
  func take() -> Taken {
    state.withLock { state in
      guard state.head < state.numbers.count else {
        guard state.phase == .open else {
          state.phase = .over
          return state.failure.take().map(Taken.failure) ?? .nothingMore
        }
        let waiter = Waiter()
        state.waiter = waiter
        return .nothingYet(waiter)
      }
      let number = state.numbers[state.head]
      state.head += 1
      if state.head == state.numbers.count {
        state.numbers.removeAll(keepingCapacity: true)
        state.head = 0
      }
      return .number(number)
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiter = state.withLock { state in
      change(&state)
      return state.waiter.take()
    }
    waiter?.finish(.woken)
  }
}
