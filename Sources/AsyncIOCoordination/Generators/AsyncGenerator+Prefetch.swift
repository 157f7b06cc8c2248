// Prefetching: a generator around a generator. A task of its scope asks for the values and puts them into a queue, and may do so as
// long as it gets permits; whoever takes a value out gives one back.
//
// What the inner producer throws goes through the queue behind its values, and is thrown by the outer one when its turn comes. A
// consumer that leaves cancels the outer producer, and with its scope the task, which waits for the inner producer's cleanup; an
// error that is in the queue by then is the outer one's.

extension AsyncGenerator {
  /// The same values, of which up to `count` are made before they are asked for.
  ///
  /// For a producer that waits for something, while the consumer is busy with what came before:
  ///
  /// ```swift
  /// for try await page in pages.prefetch(2) { try await store(page) }  // two more pages are on their way
  /// ```
  ///
  /// The producer still starts with the first `next`, and errors still come after the values before them.
  ///
  /// - Parameter count: How many values the producer may be ahead of the consumer, at least 1.
  /// - Returns: A generator that can be used as this one.
  /// - Complexity: Three tasks for each iteration in place of one, and a switch of tasks for each value.
  public func prefetch(_ count: Int) -> AsyncGenerator {
    precondition(count > 0, "a generator prefetches at least 1 value, not \(count)")
    return AsyncGenerator(source: source) { yield in
      let values = AsyncQueue<Swift.Result<Element, any Error>>()
      let permits = AsyncSemaphore(count + 1)
      do {
        try await withTaskScope { scope in
          scope.createTask { try await fill(values, permits) }
          for await value in values {
            try await yield(value.get())
            permits.release()
          }
        }
      } catch is CancellationError {
        throw Self.failure(leftIn: values) ?? CancellationError()
      }
    }
  }

  /// What the inner producer has thrown, if nobody has taken it.
  private static func failure(
    leftIn values: AsyncQueue<Swift.Result<Element, any Error>>
  ) -> (any Error)? {
    while let value = try? values.tryGet() {
      if case .failure(let error) = value { return error }
    }
    return nil
  }

  /// Puts the values into a queue, each when there is a permit for it.
  private func fill(
    _ values: AsyncQueue<Swift.Result<Element, any Error>>, _ permits: AsyncSemaphore
  ) async throws {
    do {
      try await withGenerator(self) { inner in
        var inner = inner.makeAsyncIterator()
        while true {
          try await permits.acquire()
          guard let value = try await inner.next() else { break }
          try await values.put(.success(value))
        }
      }
    } catch {
      try await values.put(.failure(error))
    }
    values.shutdown()
  }
}
