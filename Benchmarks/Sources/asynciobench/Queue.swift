import AsyncIO

/// A million numbers from one producer to three consumers, through a queue with room for a hundred.
func handOverItems() async throws {
  let count = sized(1_000_000)
  let queue = AsyncQueue<Int>(capacity: 100)
  let start = ContinuousClock.now
  let consumers = (0..<3).map { _ in
    createTask {
      var sum = 0
      for await number in queue { sum += number }
      return sum
    }
  }
  let producer = createTask {
    for number in 0..<count { try await queue.put(number) }
    queue.shutdown()
  }
  try await producer.value
  var total = 0
  for consumer in consumers { total += try await consumer.value }
  report(.queue, count: count, since: start)
  precondition(total == count * (count - 1) / 2, "queue lost an item.")
}
