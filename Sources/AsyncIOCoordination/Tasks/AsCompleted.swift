// `asCompleted`: results as they come.
//
// The workers deliver into a FIFO buffer; the one task that iterates takes from it, or leaves a waiter there that the next
// delivery wakes. The iterator holds the pool; when it goes away, by the end of the loop or by leaving it, the pool is
// stopped. (The workers hold the pool too, but not the iterator.)

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

  let elements: Elements
  let limit: Int?
  let operation: @Sendable (Elements.Element) async throws -> Result

  /// Makes an iterator; the operations start with its first `next`.
  public func makeAsyncIterator() -> Iterator {
    Iterator(Completions(self))
  }

  /// Gives the results; the operations that are left are cancelled when it goes away.
  public struct Iterator: AsyncIteratorProtocol {
    private let completions: Completions<Elements, Result>

    init(_ completions: Completions<Elements, Result>) { self.completions = completions }

    /// The next result, or nil when all operations have ended, or an earlier call has thrown.
    ///
    /// - Throws: The error of the operation whose turn it is; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the operations that are left; later calls return nil.
    public mutating func next() async throws -> Result? { try await completions.next() }
  }
}

/// The buffer between the workers and the iterating task.
final class Completions<Elements: Sequence & Sendable, Result: Sendable>: Sendable
where Elements.Element: Sendable {
  private let buffer: CompletionBuffer<Result>
  private let pool: TaskPool
  private let limit: Int
  private let isStarted = Atomic<Bool>(false)

  init(_ sequence: AsCompleted<Elements, Result>) {
    let buffer = CompletionBuffer<Result>()
    let elements = Array(sequence.elements)
    let operation = sequence.operation
    self.buffer = buffer
    limit = sequence.limit ?? .max
    pool = TaskPool(count: elements.count) { index in
      do {
        buffer.deliver(.success(try await operation(elements[index])))
      } catch {
        buffer.deliver(.failure(error))
      }
    }
  }

  deinit { pool.stop() }

  func next() async throws -> Result? {
    start()
    while !buffer.isOver {
      if Task.isCancelled {
        endEarly()
        throw CancellationError()
      }
      let waiter = Waiter()
      switch buffer.take(orLeave: waiter) {
      case .result(.success(let value)): return value
      case .result(.failure(let error)):
        endEarly()
        throw error
      case .nothingYet: _ = await waiter.wait(for: "a result of asCompleted")
      case .nothingMore: return nil
      }
    }
    return nil
  }

  /// Cancels the operations that are left; what they still deliver is dropped.
  private func endEarly() {
    pool.stop()
    buffer.close()
  }

  private func start() {
    guard !isStarted.exchange(true, ordering: .acquiringAndReleasing) else { return }
    let (pool, buffer, limit) = (pool, buffer, limit)
    _ = EventLoop.makeChild {
      await pool.start(limit: limit)
      await pool.waitForEnd()
      buffer.end()
    }
  }
}

/// Results in the order in which they came, and the one task that waits for more.
private final class CompletionBuffer<Result: Sendable>: Sendable {
  private enum Phase {
    /// Results are delivered → ended, over.
    case open
    /// All operations have ended, and what is there can be taken → over.
    case ended
    /// Whoever takes has got the last that there is to get (last).
    case over
  }

  private struct State {
    var phase = Phase.open
    var results: [Swift.Result<Result, any Error>] = []
    /// Results before this index were taken.
    var head = 0
    var waiter: Waiter?
  }

  enum Taken {
    case result(Swift.Result<Result, any Error>)
    case nothingYet
    case nothingMore
  }

  private let state = Mutex(State())

  var isOver: Bool { state.withLock { $0.phase == .over } }

  func deliver(_ result: Swift.Result<Result, any Error>) {
    wake { state in
      if state.phase == .open { state.results.append(result) }
    }
  }

  /// Says that nothing more will be delivered.
  func end() {
    wake { state in
      if state.phase == .open { state.phase = .ended }
    }
  }

  /// Drops what is there and what may come.
  func close() {
    wake { state in
      state.phase = .over
      state.results = []
      state.head = 0
    }
  }

  /// Takes the oldest result; if there is none and more may come, leaves `waiter` to be woken.
  func take(orLeave waiter: Waiter) -> Taken {
    state.withLock { state in
      guard state.head < state.results.count else {
        guard state.phase == .open else {
          state.phase = .over
          return .nothingMore
        }
        state.waiter = waiter
        return .nothingYet
      }
      let result = state.results[state.head]
      state.head += 1
      if state.head == state.results.count {
        state.results.removeAll(keepingCapacity: true)
        state.head = 0
      }
      return .result(result)
    }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiter = state.withLock { state in
      change(&state)
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.finish(.woken)
  }
}
