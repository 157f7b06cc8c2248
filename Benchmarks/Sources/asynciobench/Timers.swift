import AsyncIO

/// A hundred thousand timers set and cancelled, ten times over.
func cancelTimers() async throws {
  let rounds = sized(10)
  let count = 100_000
  let loop = EventLoop.current
  let start = ContinuousClock.now
  for _ in 0..<rounds {
    let timers = (0..<count).map { index in
      loop?.callLater(.seconds(10) + .microseconds(10 * index)) {}
    }
    for timer in timers { timer?.cancel() }
    try await checkpoint()
  }
  report(.timers, count: rounds * count, since: start)
}
