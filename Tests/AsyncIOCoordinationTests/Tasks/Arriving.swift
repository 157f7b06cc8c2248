import AsyncIORuntime

/// An asynchronous sequence of numbers from zero, for tests.
struct Arriving: AsyncSequence, Sendable {
  typealias Element = Int

  var count = Int.max
  /// How long each takes to come; they are there at once if nil.
  var interval: Duration?
  /// Thrown after the last.
  var failure: TestFailure?
  /// Called for each that is asked for.
  var onTake: @Sendable (Int) -> Void = { _ in }

  func makeAsyncIterator() -> Iterator { Iterator(sequence: self) }

  struct Iterator: AsyncIteratorProtocol {
    let sequence: Arriving
    var next = 0

    mutating func next() async throws -> Int? {
      sequence.onTake(next)
      if let interval = sequence.interval { try await sleep(for: interval) }
      guard next < sequence.count else {
        if let failure = sequence.failure { throw failure }
        return nil
      }
      defer { next += 1 }
      return next
    }
  }
}
