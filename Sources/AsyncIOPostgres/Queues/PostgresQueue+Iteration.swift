extension PostgresQueue: AsyncSequence {
  /// Makes an iterator; several may take from one queue, each item goes to one of them.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: self) }

  /// Takes items; it ends by an error or a cancellation only.
  public struct Iterator: AsyncIteratorProtocol {
    let queue: PostgresQueue

    /// The next item.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The item, to be said to be done.
    /// - Throws: As `PostgresQueue.get`.
    ///
    /// ## Cancellation
    /// As `PostgresQueue.get`.
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async throws
      -> Item?
    {
      try await queue.get()
    }
  }
}
