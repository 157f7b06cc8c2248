import AsyncIO

/// A hundred thousand races between an operation that gives way once and one that sleeps, which is cancelled and awaited.
func raceWithSleepers() async throws {
  let count = sized(100_000)
  var total = 0
  let start = ContinuousClock.now
  for index in 0..<count {
    total += try await race(
      {
        try await checkpoint()
        return index
      },
      {
        try await sleep(for: .seconds(10))
        return 0
      })
  }
  report(.race, count: count, since: start)
  precondition(total == count * (count - 1) / 2, "race lost a result.")
}
