import AsyncIO

/// Half a million rounds of a number sent there and back between two tasks, over two queues of one.
func pingPong() async throws {
  let rounds = sized(500_000)
  let there = AsyncQueue<Int>(capacity: 1)
  let back = AsyncQueue<Int>(capacity: 1)
  let start = ContinuousClock.now
  let pong = createTask { for _ in 0..<rounds { try await back.put(try await there.get()) } }
  var total = 0
  for round in 0..<rounds {
    try await there.put(round)
    total += try await back.get()
  }
  try await pong.value
  report(.pingpong, count: 2 * rounds, since: start)
  precondition(total == rounds * (rounds - 1) / 2, "pingpong lost a message.")
}
