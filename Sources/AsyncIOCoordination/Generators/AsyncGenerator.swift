// Generators: sequences that are written as the code that makes their values. How the two sides take turns is in
// GeneratorCore.swift.

/// A sequence of values that a closure makes one by one, when they are asked for (Python's `async def` with `yield`).
///
/// ```swift
/// let pages = AsyncGenerator<Page> { yield in
///   var number = 1
///   while let page = try await fetchPage(number) {
///     try await yield(page)
///     number += 1
///   }
/// }
/// for try await page in pages { print(page.title) }
/// ```
///
/// The closure, the producer, starts when the first value is asked for, and waits in `yield` until the next one is: it is never
/// more than one value ahead, and `prefetch` is for when it should be. What it throws is thrown to the consumer after the values
/// that came before.
///
/// Each iteration runs the producer anew, as each call of a generator function does in Python; to take up an iteration where one
/// has left off, keep its iterator, or use `withGenerator`.
///
/// A loop that is left early, by `break`, `return` or an error, cancels the producer at once: its `yield` throws
/// `CancellationError`, and its cleanup runs by itself while the consumer goes on. What it throws then is reported as unhandled.
/// `withGenerator` waits for the cleanup and throws its error. (asyncio leaves a generator suspended until it is collected, or
/// needs `aclosing`.)
///
/// The producer runs in a task of its own, which the runtime owns: it has the task-local values of whoever asks for the first
/// value, and is cancelled and awaited when the loop shuts down, after other tasks (asyncio's `shutdown_asyncgens`). While it
/// works, the deadlines and the cancellations around whoever waits for its value hold for it too:
/// `CancelScope.effectiveDeadline` and `Task.cancellationReason` are those of the consumer. `forEach` runs it in the caller's task.
///
/// Errors are `any Error` here, since a consumer that is cancelled gets a `CancellationError`, as does a `yield`; they arrive as they
/// were thrown.
///
/// - Complexity: One task for each iteration, none in `forEach`. A value is handed over within the loop's turn where the producer
///   need not wait.
public struct AsyncGenerator<Element: Sendable>: AsyncSequence, Sendable {
  /// Producers may throw anything.
  public typealias Failure = any Error

  @usableFromInline let source: GeneratorSource
  @usableFromInline let body: @Sendable @isolated(any) (sending Yield) async throws -> Void

  /// Makes a generator, whose producer starts when the first value is asked for.
  ///
  /// - Parameters:
  ///   - name: For people, in reports.
  ///   - fileID: Where the generator is made; not to be given.
  ///   - line: Where the generator is made; not to be given.
  ///   - body: Makes the values and gives them to the `yield` that it gets; the sequence ends when it returns.
  @inlinable
  public init(
    name: String? = nil, fileID: StaticString = #fileID, line: UInt = #line,
    _ body: @escaping @Sendable @isolated(any) (_ yield: sending Yield) async throws -> Void
  ) {
    self.init(source: GeneratorSource(name: name, fileID: fileID, line: line), body)
  }

  @inlinable
  init(
    source: GeneratorSource,
    _ body: @escaping @Sendable @isolated(any) (_ yield: sending Yield) async throws -> Void
  ) {
    self.source = source
    self.body = body
  }

  /// Makes an iterator with a producer of its own, which starts with its first `next`.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(GeneratorConsumer(GeneratorRun(self))) }

  /// Gives the values of one run of the producer, which is cancelled when the iterator goes away.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let consumer: GeneratorConsumer<Element>

    @inlinable
    init(_ consumer: GeneratorConsumer<Element>) { self.consumer = consumer }

    /// Lets the producer work up to its next `yield`.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case, and an isolated parameter would cost
    ///   a look at the executor for each value.
    /// - Returns: The value; nil when the producer has returned, and ever after.
    /// - Throws: What the producer throws, once; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the producer and throws at once, without waiting for its cleanup; later calls return nil. A value that was given
    /// first is returned.
    @inlinable
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async throws
      -> Element?
    {
      try await consumer.run.next()
    }
  }

  /// Gives values to the consumer of a generator; its producer calls it.
  ///
  /// It stays in the producer: it cannot be sent to other tasks, but may be used in a timeout or a scope.
  public struct Yield {
    @usableFromInline let receiver: GeneratorReceiver

    @inlinable
    init(_ run: GeneratorRun<Element>) { receiver = run }

    @inlinable
    init(_ sink: GeneratorSink<Element>) { receiver = sink }

    /// Gives a value to the consumer, and waits until it asks for the next.
    ///
    /// - Parameter value: What the consumer's `next` returns, or its closure in `forEach` gets.
    /// - Throws: `CancellationError` when the consumer has left, or the producer was cancelled otherwise; in `forEach` what the
    ///   consumer's closure throws, now or before.
    /// - Complexity: O(1).
    ///
    /// ## Cancellation
    /// Before: throws, and the value is not given. While it waits: throws; the consumer has the value, if it had asked for it. In
    /// `forEach` the consumer's closure is cancelled, and `yield` returns or throws as that does.
    @inlinable
    public func callAsFunction(_ value: Element) async throws {
      // It is what it was made of.
      if receiver.isSink {
        try await unsafe unsafeDowncast(receiver, to: GeneratorSink<Element>.self).give(value)
      } else {
        try await unsafe unsafeDowncast(receiver, to: GeneratorRun<Element>.self).give(value)
      }
    }
  }
}

@available(*, unavailable)
extension AsyncGenerator.Yield: Sendable {}

@available(*, unavailable)
extension AsyncGenerator.Iterator: Sendable {}
