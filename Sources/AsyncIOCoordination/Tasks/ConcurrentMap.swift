// `concurrentMap`: a lazy map whose operations overlap.
//
// Over a sequence, the task that iterates is the starter too: it fills the window before it waits, and again when it has
// taken a result, so that the others go on while the caller uses it. Over an asynchronous sequence it cannot be, as a result
// may come while the next element is waited for: there a task of its own, the feeder, takes elements whenever there is room.
//
// The iterator holds the window by an object that closes it when the last copy of the iterator goes away. (The operations
// and the feeder hold the window too, but not that object.) What can happen when is argued in MapWindow.swift.

import AsyncIORuntime

extension Sequence where Element: Sendable {
  /// Runs `operation` for the elements, at most `limit` at a time, and gives the results while it goes on.
  ///
  /// ```swift
  /// for try await page in urls.concurrentMap(limit: 10, { try await fetch($0) }) { print(page) }
  /// ```
  ///
  /// It is lazy, and holds back: an element is taken from the sequence only when fewer than `limit` operations run or have a
  /// result that waits to be taken; so the sequence may be endless, and a slow consumer slows the operations down. The
  /// operations start with the loop. Leaving it early cancels those that run; they clean up by themselves. After an error no
  /// more are started; it is thrown when its turn comes, cancels the rest, and ends the loop. (As `buffered` and
  /// `buffer_unordered` of Rust's futures; asyncio has nothing of the kind.)
  ///
  /// - Parameters:
  ///   - limit: How many operations may run or have results that wait, at least 1.
  ///   - ordered: Whether the results come in the order of the elements; otherwise in the order in which the operations end.
  ///   - operation: Started in the order of the elements.
  /// - Returns: The results; each iteration runs the operations anew.
  /// - Complexity: O(1) for each result; one task for each operation; memory for `limit` results.
  ///
  /// ## Cancellation
  /// Cancels the operations that run and throws `CancellationError` from the iteration.
  public func concurrentMap<Value: Sendable>(
    limit: Int, ordered: Bool = true, _ operation: @escaping @Sendable (Element) async throws -> Value
  ) -> some AsyncSequence<Value, any Error> {
    precondition(limit > 0, "concurrentMap's limit is at least 1, not \(limit)")
    return ConcurrentMap(base: self, limit: limit, isOrdered: ordered, operation: operation)
  }
}

extension AsyncSequence where Self: Sendable, Element: Sendable {
  /// Runs `operation` for the elements, at most `limit` at a time, and gives the results while it goes on.
  ///
  /// ```swift
  /// for try await reply in requests.concurrentMap(limit: 10, ordered: false, { try await answer($0) }) {
  ///   try await send(reply)
  /// }
  /// ```
  ///
  /// As for sequences that need not be waited for. The elements are taken by a task of its own. An error of the sequence is
  /// thrown after the results of the elements before it, or, if they are not ordered, after those that are there.
  ///
  /// - Parameters:
  ///   - limit: How many operations may run or have results that wait, at least 1.
  ///   - ordered: Whether the results come in the order of the elements; otherwise in the order in which the operations end.
  ///   - operation: Started in the order of the elements.
  /// - Returns: The results; each iteration iterates the sequence anew.
  /// - Complexity: O(1) for each result; one task, and one for each operation; memory for `limit` results.
  ///
  /// ## Cancellation
  /// Cancels the operations that run, and whoever waits for the next element, and throws `CancellationError` from the
  /// iteration.
  public func concurrentMap<Value: Sendable>(
    limit: Int, ordered: Bool = true, _ operation: @escaping @Sendable (Element) async throws -> Value
  ) -> some AsyncSequence<Value, any Error> & Sendable {
    precondition(limit > 0, "concurrentMap's limit is at least 1, not \(limit)")
    return AsyncConcurrentMap(base: self, limit: limit, isOrdered: ordered, operation: operation)
  }
}

private struct ConcurrentMap<Base: Sequence, Value: Sendable>: AsyncSequence where Base.Element: Sendable {
  typealias Element = Value
  typealias Failure = any Error

  let base: Base
  let limit: Int
  let isOrdered: Bool
  let operation: @Sendable (Base.Element) async throws -> Value

  func makeAsyncIterator() -> Iterator {
    Iterator(
      base: base.makeIterator(), operation: operation,
      results: MappedResults(MapWindow(limit: limit, isOrdered: isOrdered)))
  }

  struct Iterator: AsyncIteratorProtocol {
    var base: Base.Iterator
    let operation: @Sendable (Base.Element) async throws -> Value
    let results: MappedResults<Value>

    mutating func next() async throws -> Value? {
      try results.check()
      fill()
      guard let value = try await results.next() else { return nil }
      fill()
      return value
    }

    private mutating func fill() {
      while results.window.hasRoom, !Task.isCancelled {
        guard let element = base.next() else { return results.window.complete() }
        results.window.start { [operation] in try await operation(element) }
      }
    }
  }
}

private struct AsyncConcurrentMap<Base: AsyncSequence & Sendable, Value: Sendable>: AsyncSequence, Sendable
where Base.Element: Sendable {
  typealias Element = Value
  typealias Failure = any Error

  let base: Base
  let limit: Int
  let isOrdered: Bool
  let operation: @Sendable (Base.Element) async throws -> Value

  func makeAsyncIterator() -> Iterator {
    Iterator(sequence: self, results: MappedResults(MapWindow(limit: limit, isOrdered: isOrdered)))
  }

  struct Iterator: AsyncIteratorProtocol {
    /// Nil when the feeder has started.
    var sequence: AsyncConcurrentMap?
    let results: MappedResults<Value>

    mutating func next() async throws -> Value? {
      try results.check()
      if let sequence = sequence.take() { sequence.feed(results.window) }
      return try await results.next()
    }
  }

  private func feed(_ window: MapWindow<Value>) {
    window.setFeeder(
      EventLoop.makeChild { [base, operation] in
        var iterator = base.makeAsyncIterator()
        do {
          while await window.waitForRoom(), let element = try await iterator.next() {
            window.start { try await operation(element) }
          }
          window.complete()
        } catch {
          window.complete(error)
        }
      })
  }
}

/// The consumer's end of a window, which closes it when nobody holds it any more.
private final class MappedResults<Value: Sendable>: Sendable {
  let window: MapWindow<Value>

  init(_ window: MapWindow<Value>) { self.window = window }

  deinit { window.close() }

  /// Ends the iteration if the task is cancelled.
  func check() throws {
    guard Task.isCancelled, !window.isClosed else { return }
    window.close()
    throw CancellationError()
  }

  func next() async throws -> Value? {
    while true {
      try check()
      let waiter = Waiter()
      switch window.take(orLeave: waiter) {
      case .result(.success(let value)): return value
      case .result(.failure(let error)):
        window.close()
        throw error
      case .nothingYet: _ = await waiter.wait(for: "a result of concurrentMap")
      case .nothingMore:
        window.close()
        return nil
      }
    }
  }
}
