import AsyncIO

/// A hundred tasks that each give way ten thousand times.
func yieldTurns() async throws {
  let tasks = 100
  let rounds = sized(10_000)
  let start = ContinuousClock.now
  _ = try await gather(0..<tasks) { _ in
    for _ in 0..<rounds { try await checkpoint() }
  }
  report(.yield, count: tasks * rounds, since: start)
}
