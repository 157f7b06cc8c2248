// Many computations on all cores.
//
// The elements are numbered, and as many children of a task group as the pool has threads take ranges of numbers from one counter
// until it has passed the end. Ranges begin large and become smaller, a share of what is left, so that few steps are needed at
// the beginning and no core waits long for another at the end.
//
// Who writes what: each number is given to one child, which alone writes that place of the results; the end of the child comes
// before the group's end, after which they are read. Who stops: the first error, or the cancellation of the caller, cancels the
// children, which look at that before each range, and all are awaited.

import Synchronization

extension RandomAccessCollection where Self: Sendable {
  /// Transforms the elements on all cores, off the loop, and returns the results in their order (`Pool.map` of Python's
  /// `multiprocessing`, rayon's `par_iter`).
  ///
  /// ```swift
  /// let thumbnails = try await images.parallelMap { try $0.scaled(to: 128) }
  /// ```
  ///
  /// For transformations that keep a core busy; what waits belongs into `gather` with `withBlocking`. Elements are taken in chunks,
  /// large ones at first: transformations may be tiny, and may take unequal times.
  ///
  /// - Parameters:
  ///   - pool: Whose threads; by default a thread for each core.
  ///   - minimumChunk: How many elements a thread takes at least, at least 1.
  ///   - transform: Called once for each element, on several threads at once.
  /// - Returns: The results, in the order of the elements.
  /// - Throws: The first error that `transform` throws, when the computations that run have ended; `CancellationError`; `IOError`
  ///   when the system has no thread left.
  /// - Complexity: O(n); one task for each thread of the pool, at most.
  ///
  /// ## Cancellation
  /// No further chunk is begun; chunks that run are awaited, and `CancellationError` is thrown. A transformation may look at
  /// `Task.isCancelled` to end early.
  @inlinable
  public func parallelMap<Value: Sendable>(
    on pool: ThreadPool = .compute, minimumChunk: Int = 1,
    _ transform: @escaping @Sendable (Element) throws -> Value
  ) async throws -> [Value] {
    precondition(minimumChunk > 0, "parallelMap's chunks have at least 1 element, not \(minimumChunk)")
    try Task.checkCancellation()
    let count = self.count
    let results = ParallelResults<Value>(count: count)
    let chunks = Chunks(count: count, minimum: minimumChunk, workers: Swift.min(pool.maximum, count))
    try await chunks.perform(on: pool) { range in
      var index = self.index(self.startIndex, offsetBy: range.lowerBound)
      for number in range {
        try results.store(transform(self[index]), at: number)
        self.formIndex(after: &index)
      }
    }
    return results.take()
  }
}

/// Ranges of numbers that several threads share.
@usableFromInline
final class Chunks: Sendable {
  private let count: Int
  private let minimum: Int
  private let workers: Int
  private let next = Atomic<Int>(0)

  /// How many ranges of equal length each worker would take of what is left.
  private static let share = 4

  @usableFromInline
  init(count: Int, minimum: Int, workers: Int) {
    self.count = count
    self.minimum = minimum
    self.workers = workers
  }

  /// Calls `body` for all ranges, on threads of `pool`.
  ///
  /// ## Cancellation
  /// Throws `CancellationError` when the calls that run have ended.
  @usableFromInline
  func perform(on pool: ThreadPool, _ body: @escaping @Sendable (Range<Int>) throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<workers {
        group.addTask {
          try await withBlocking(on: pool) {
            while let range = self.take() {
              try Task.checkCancellation()
              try body(range)
            }
          }
        }
      }
      // Leaving the group by an error cancels and awaits the others.
      while try await group.next() != nil {}
    }
    try Task.checkCancellation()
  }

  /// Takes the next range; nil if there is none left.
  private func take() -> Range<Int>? {
    var seen = next.load(ordering: .relaxed)
    while seen < count {
      let length = Swift.min(count - seen, Swift.max(minimum, (count - seen) / (workers * Self.share)))
      let (exchanged, original) = next.compareExchange(
        expected: seen, desired: seen + length, ordering: .relaxed)
      if exchanged { return seen..<(seen + length) }
      seen = original
    }
    return nil
  }
}

/// Places for results, each written once by whoever has its number.
@usableFromInline
@safe final class ParallelResults<Value: Sendable>: @unchecked Sendable {
  // Sendable: see "Who writes what" at the head of this file.
  @usableFromInline let places: UnsafeMutablePointer<Value?>
  @usableFromInline let count: Int

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
  func store(_ value: Value, at number: Int) { unsafe places[number] = value }

  /// All results, when all were stored.
  @inlinable
  func take() -> [Value] {
    (0..<count).map { number in
      guard let value = unsafe places[number] else {
        preconditionFailure("parallelMap has ended without a result for element \(number)")
      }
      return value
    }
  }
}
