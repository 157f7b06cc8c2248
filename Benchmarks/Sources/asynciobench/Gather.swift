import AsyncIO

/// A million trivial operations, gathered in batches of a thousand.
func gatherOperations() async throws {
  let count = sized(1_000_000)
  let batch = 1_000
  var total = 0
  let start = ContinuousClock.now
  for _ in 0..<count / batch {
    total += try await gather(0..<batch) { index in index }.reduce(0, +)
  }
  report(.gather, count: count, since: start)
  precondition(total == count / batch * (batch * (batch - 1) / 2), "gather lost a result.")
}
