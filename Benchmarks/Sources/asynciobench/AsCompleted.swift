import AsyncIO

/// A million operations that each give way once, in batches of a thousand, with their results as they come.
func takeAsCompleted() async throws {
  let count = sized(1_000_000)
  let batch = 1_000
  var total = 0
  let start = ContinuousClock.now
  for _ in 0..<count / batch {
    let results = asCompleted(0..<batch) { index in
      try await checkpoint()
      return index
    }
    for try await index in results { total += index }
  }
  report(.ascompleted, count: count, since: start)
  precondition(total == count / batch * (batch * (batch - 1) / 2), "ascompleted lost a result.")
}
