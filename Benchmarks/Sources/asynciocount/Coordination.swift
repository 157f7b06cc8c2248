import AsyncIO

/// A lock that is free, taken and released.
func takeLock(_ times: Int) async throws {
  let lock = AsyncLock()
  var total = 0
  for _ in 0..<times { try await lock.withLock { total += 1 } }
  precondition(total == times, "the lock was not taken each time")
}

/// Ten tasks in line for a lock, each of which gives way while it has it.
func waitForLock(_ times: Int) async throws {
  let lock = AsyncLock()
  _ = try await gather(0..<10) { _ in
    for _ in 0..<times / 10 { try await lock.withLock { try await checkpoint() } }
  }
}

/// A permit that is free, acquired and released.
func takePermits(_ times: Int) async throws {
  let semaphore = AsyncSemaphore(10)
  for _ in 0..<times {
    try await semaphore.acquire()
    semaphore.release()
  }
  precondition(semaphore.statistics.free == 10, "a permit was lost")
}

/// A hundred tasks in line for ten permits, each of which gives way while it has one.
func waitForPermits(_ times: Int) async throws {
  let semaphore = AsyncSemaphore(10)
  _ = try await gather(0..<100) { _ in
    for _ in 0..<times / 100 { try await semaphore.withPermit { try await checkpoint() } }
  }
  precondition(semaphore.statistics.free == 10, "a permit was lost")
}

/// A hundred tasks that an event wakes, again and again.
func wakeMany(_ times: Int) async throws {
  let event = AsyncEvent()
  let woken = Counter()
  let waiters = (0..<100).map { _ in
    createTask {
      for _ in 0..<times / 100 {
        try await event.wait()
        woken.count += 1
      }
    }
  }
  while woken.count < times {
    try await checkpoint()
    event.set()
    event.clear()
  }
  for waiter in waiters { try await waiter.value }
}

/// Items put into a queue with room, and taken from it, a hundred at a time.
func putAndGet(_ times: Int) async throws {
  let queue = AsyncQueue<Int>(capacity: 100)
  var total = 0
  for _ in 0..<times / 100 {
    for number in 0..<100 { try await queue.put(number) }
    for _ in 0..<100 { total += try await queue.get() }
  }
  precondition(total == times / 100 * 4950, "an item was lost")
}

/// Items from a producer to three consumers through a queue with room for a hundred.
func handOverItems(_ times: Int) async throws {
  let queue = AsyncQueue<Int>(capacity: 100)
  let consumers = (0..<3).map { _ in
    createTask {
      var count = 0
      for await _ in queue { count += 1 }
      return count
    }
  }
  for number in 0..<times { try await queue.put(number) }
  queue.shutdown()
  var total = 0
  for consumer in consumers { total += try await consumer.value }
  precondition(total == times, "an item was lost")
}

/// Values of a generator that never waits.
func iterateGenerator(_ times: Int) async throws {
  let numbers = AsyncGenerator<Int> { yield in
    for _ in 0..<times { try await yield(1) }
  }
  var total = 0
  for try await number in numbers { total += number }
  precondition(total == times, "a value was lost")
}

/// Values of a generator that calls a closure with them, which cannot wait.
func iterateByForEach(_ times: Int) async throws {
  let numbers = AsyncGenerator<Int> { yield in
    for _ in 0..<times { try await yield(1) }
  }
  var total = 0
  try await numbers.forEach { total += $0 }
  precondition(total == times, "a value was lost")
}

/// The same with a closure that could wait.
func iterateByForEachAsync(_ times: Int) async throws {
  let numbers = AsyncGenerator<Int> { yield in
    for _ in 0..<times { try await yield(1) }
  }
  var total = 0
  try await numbers.forEach { number async in total += number }
  precondition(total == times, "a value was lost")
}
