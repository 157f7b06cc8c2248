extension AsyncQueue: AsyncSequence {
  /// It does not fail; on cancellation it ends.
  public typealias Failure = Never

  /// Makes an iterator; several may take from one queue, each item goes to one of them.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Takes items until the queue is shut down and empty.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let queue: AsyncQueue

    @inlinable
    init(_ queue: AsyncQueue) { self.queue = queue }

    /// The next item; nil when the queue is shut down and empty, or the task is cancelled while it waits.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case, and an isolated parameter would cost
    ///   a look at the executor for each item.
    /// - Returns: The item.
    ///
    /// ## Cancellation
    /// Ends the iteration; no item is lost.
    @inlinable
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async -> Element?
    {
      do {
        return try await queue.get()
      } catch {
        return nil
      }
    }
  }
}
