import AsyncIO

/// A thousand tasks that each take one of ten permits a thousand times, and give way while they have it.
func takePermits() async throws {
  let tasks = 1000
  let rounds = sized(1000)
  let semaphore = AsyncSemaphore(10)
  let start = ContinuousClock.now
  _ = try await gather(0..<tasks) { _ in
    for _ in 0..<rounds {
      try await semaphore.withPermit { try await checkpoint() }
    }
  }
  report(.semaphore, count: tasks * rounds, since: start)
  precondition(semaphore.statistics.free == 10, "semaphore lost a permit.")
}
