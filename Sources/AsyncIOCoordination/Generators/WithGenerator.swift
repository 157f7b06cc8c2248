// A generator for the time of a scope: whoever leaves the scope has seen the end of its producer.

/// Runs `body` with the values of a generator, and returns when the generator's cleanup has run (Python's `aclosing`).
///
/// ```swift
/// let first = try await withGenerator(rows) { rows in
///   for try await row in rows where row.isValid { return row }
///   return nil
/// }  // the producer has closed its file by now
/// ```
///
/// The values are those of one run of the producer: a loop in `body` that is left can be gone on with by another one, as with a
/// generator in Python. The producer is cancelled when `body` ends, unless it has ended by then.
///
/// - Parameters:
///   - generator: Its producer starts when `body` asks for the first value.
///   - body: Runs on the caller's actor.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws; what the producer throws in its cleanup; an `ErrorGroup` if it is both, of which a
///   `CancellationError` is no part.
/// - Complexity: O(1), and one task if a value is asked for.
///
/// ## Cancellation
/// Is left to `body`, whose call of `next` throws. The producer's cleanup is waited for in any case.
public func withGenerator<Element, Result>(
  _ generator: AsyncGenerator<Element>,
  _ body: (sending GeneratorValues<Element>) async throws -> Result
) async throws -> Result {
  let run = GeneratorRun(generator, isScoped: true)
  let result: Result
  do {
    result = try await body(GeneratorValues(run))
  } catch {
    do { try await run.close() } catch let cleanupError {
      let errors = [error, cleanupError].filter { !($0 is CancellationError) }
      throw ErrorGroup.combining(errors) ?? error
    }
    throw error
  }
  do { try await run.close() } catch is CancellationError {}
  return result
}

/// The values of one run of a generator, in a `withGenerator`.
public struct GeneratorValues<Element: Sendable>: AsyncSequence {
  /// Producers may throw anything.
  public typealias Failure = any Error

  @usableFromInline let run: GeneratorRun<Element>

  @inlinable
  init(_ run: GeneratorRun<Element>) { self.run = run }

  /// Makes an iterator that goes on where the last one has stopped.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(run) }

  /// Gives the values that are left.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let run: GeneratorRun<Element>

    @inlinable
    init(_ run: GeneratorRun<Element>) { self.run = run }

    /// Lets the producer work up to its next `yield`.
    ///
    /// - Parameter isolation: Not used, as in `AsyncGenerator`.
    /// - Returns: The value; nil when the producer has returned or the scope has ended, and ever after.
    /// - Throws: What the producer throws, once; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the producer and throws at once; the scope waits for its end, and throws what its cleanup throws.
    @inlinable
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async throws
      -> Element?
    {
      try await run.next()
    }
  }
}

@available(*, unavailable)
extension GeneratorValues: Sendable {}

@available(*, unavailable)
extension GeneratorValues.Iterator: Sendable {}
