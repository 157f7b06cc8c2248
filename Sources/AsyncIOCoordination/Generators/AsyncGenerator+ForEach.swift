// Generators that push: the producer is called as a function, and calls the consumer's closure with each value.

extension AsyncGenerator {
  /// Runs the producer here, and calls `body` with each of its values (Kotlin's `collect`).
  ///
  /// ```swift
  /// try await pages.forEach { page in try await store(page) }  // the producer has cleaned up by now
  /// ```
  ///
  /// For a loop over all the values. Nothing is made for it, neither a task nor a switch between two: the producer runs in the
  /// caller's task, its `yield` calls `body` and returns when `body` has, and `forEach` returns when the producer has, its cleanup
  /// included. The producer has the caller's task-local values, deadlines and cancellations.
  ///
  /// `body` runs on the caller's actor, wherever the producer runs, and may use what the caller may use. To leave before the end,
  /// throw: `yield` throws that error in the producer, so that its cleanup runs, and `forEach` throws it, as it was thrown. A
  /// producer that keeps it and gives more values gets it again from each `yield`. A loop of `for try await` with `break` leaves
  /// without an error.
  ///
  /// `body` is called within the timeouts, shields and scopes that the producer has around its `yield`, as any function that it
  /// calls there. Where neither side waits, no other task gets a turn.
  ///
  /// - Parameter body: Takes a value; the next one is made when it has returned.
  /// - Throws: What `body` throws; what the producer throws; an `ErrorGroup` if the producer throws another error in its cleanup, of
  ///   which a `CancellationError` is no part.
  /// - Complexity: O(1) for each value, and a few function calls.
  ///
  /// ## Cancellation
  /// Before: throws, and the producer does not start. Later: is left to `body` and to what the producer waits for; the next `yield`
  /// throws a `CancellationError`, and its value is not given. A producer that does not heed it makes `forEach` throw it.
  @inlinable
  public func forEach(_ body: (_ value: Element) async throws -> Void) async throws {
    try await push(to: body, isolation: #isolation)
  }

  /// Runs the producer here, and calls `body`, which does not wait, with each of its values.
  ///
  /// As with a closure that may wait, and cheaper: where neither the caller nor the producer is isolated to an actor, a value costs a
  /// call of the closure and a look at the cancellation.
  ///
  /// - Parameter body: Takes a value.
  /// - Throws: As with a closure that may wait.
  /// - Complexity: O(1) for each value.
  ///
  /// ## Cancellation
  /// As with a closure that may wait.
  @inlinable
  public func forEach(_ body: (_ value: Element) throws -> Void) async throws {
    try await push(to: body, isolation: #isolation)
  }

  @inlinable
  func push(to body: (Element) throws -> Void, isolation: isolated (any Actor)?) async throws {
    try await withoutActuallyEscaping(body) { body in
      _ = isolation
      let sink: GeneratorSink<Element>
      if isolation == nil, self.body.isolation == nil {
        // Whoever calls `yield` is isolated to nothing, as the closure is: it is called as it is.
        sink = try GeneratorSink(direct: body)
      } else {
        // As it is: made into one that may wait, it would leave the caller's actor.
        let handed: Handed<(Element) throws -> Void> = unsafe Handed(body)
        sink = try GeneratorSink(waiting: { value in
          try await unsafe Self.call(handed, with: value, isolation: isolation)
        })
      }
      try await sink.run(self, isolation: isolation)
    }
  }

  @inlinable
  func push(to body: (Element) async throws -> Void, isolation: isolated (any Actor)?) async throws {
    try await withoutActuallyEscaping(body) { body in
      _ = isolation
      let sink: GeneratorSink<Element>
      if isolation == nil, self.body.isolation == nil {
        sink = try GeneratorSink(waiting: body)
      } else {
        let handed = unsafe Handed(body)
        sink = try GeneratorSink(waiting: { value in
          try await unsafe Self.call(handed, with: value, isolation: isolation)
        })
      }
      try await sink.run(self, isolation: isolation)
    }
  }

  @inlinable
  static func call(
    _ body: Handed<(Element) throws -> Void>, with value: Element, isolation: isolated (any Actor)?
  ) async throws {
    try unsafe body.value(value)
  }

  /// Calls the caller's closure on the caller's actor, from wherever the producer runs; the caller waits meanwhile.
  @inlinable
  static func call(
    _ body: Handed<(Element) async throws -> Void>, with value: Element, isolation: isolated (any Actor)?
  ) async throws {
    try await unsafe body.value(value)
  }
}
