import AsyncIO

/// A lock that nobody else wants, taken and released five million times.
func takeFreeLock() async throws {
  let count = sized(5_000_000)
  let lock = AsyncLock()
  var total = 0
  let start = ContinuousClock.now
  for _ in 0..<count { try await lock.withLock { total += 1 } }
  report(.lock, count: count, since: start)
  precondition(total == count, "the lock was not taken each time.")
}

/// A hundred tasks that each take one lock ten thousand times, and give way while they have it.
func contendForLock() async throws {
  let tasks = 100
  let rounds = sized(10_000)
  let lock = AsyncLock()
  let start = ContinuousClock.now
  _ = try await gather(0..<tasks) { _ in
    for _ in 0..<rounds { try await lock.withLock { try await checkpoint() } }
  }
  report(.lockcontended, count: tasks * rounds, since: start)
  precondition(!lock.isLocked, "the lock was not released.")
}
