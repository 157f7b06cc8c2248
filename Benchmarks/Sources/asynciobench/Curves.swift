// The workloads of `curves`: the same work at sizes from one to a million, as often as it takes to be measured.

import AsyncIO

/// As many operations at once as given, each of which gives way once.
func gatherAtOnce(_ size: Int) async throws {
  try await measure(.curveTasks, size, atLeast: 300_000) {
    let results = try await gather(0..<size) { index in
      try await checkpoint()
      return index
    }
    precondition(results.count == size, "gather lost a result.")
  }
}

/// As many timers at once as given, set and then cancelled in an order that is not that of their times.
func cancelTimersAtOnce(_ size: Int) async throws {
  guard let loop = EventLoop.current else { preconditionFailure("not on a loop") }
  let order = shuffled(size)
  try await measure(.curveTimers, size, atLeast: 500_000) {
    let timers = (0..<size).map { loop.callLater(.seconds(100) + .microseconds(10 * $0)) {} }
    for index in order { timers[index].cancel() }
    try await checkpoint()
  }
}

/// A queue that is filled up to the size, and emptied.
func fillQueue(_ size: Int) async throws {
  let queue = AsyncQueue<Int>()
  try await measure(.curveQueue, size, atLeast: 2_000_000) {
    for index in 0..<size { try await queue.put(index) }
    var total = 0
    for _ in 0..<size { total += try await queue.get() }
    precondition(total == size * (size - 1) / 2, "queue lost an item.")
  }
}

/// As many tasks as given that wait for a permit which nobody gives, cancelled in an order that is not that of the line.
func cancelWaiters(_ size: Int) async throws {
  let order = shuffled(size)
  try await measure(.curveWaiters, size, atLeast: 100_000) {
    let semaphore = AsyncSemaphore(0, maximum: 1)
    let waiters = order.map { _ in createTask { try await semaphore.acquire() } }
    while semaphore.statistics.waiting < size { try await checkpoint() }
    for index in order { waiters[index].cancel() }
    for waiter in waiters { _ = try? await waiter.value }
    precondition(semaphore.statistics.waiting == 0, "a waiter was left.")
  }
}

/// Repeats `body`, which does `size` things, and reports the rate at which it does one.
private func measure(_ workload: Workload, _ size: Int, atLeast: Int, _ body: () async throws -> Void)
  async throws
{
  let rounds = max(1, atLeast / size)
  let start = ContinuousClock.now
  for _ in 0..<rounds { try await body() }
  report(workload, count: rounds * size, since: start, extra: resources())
}

/// The numbers below `count` in an order that looks like chance, and is the same in each run.
private func shuffled(_ count: Int) -> [Int] {
  var numbers = Numbers()
  return (0..<count).shuffled(using: &numbers)
}

/// The generator that the peers' programs use too.
private struct Numbers: RandomNumberGenerator {
  var state: UInt64 = 12345

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
