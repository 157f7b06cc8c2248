import AsyncIO

/// Callbacks put into the ready queue, a hundred at a time, and run.
func enqueueCallbacks(_ times: Int) async throws {
  guard let loop = EventLoop.current else { preconditionFailure("not on a loop") }
  let ran = Counter()
  for _ in 0..<times / 100 {
    for _ in 0..<100 { loop.callSoon { ran.count += 1 } }
    try await checkpoint()
  }
  precondition(ran.count == times, "\(ran.count) of \(times) callbacks ran")
}

/// One task that gives way, again and again, with nobody else there.
func yieldTurns(_ times: Int) async throws {
  for _ in 0..<times { try await checkpoint() }
}

/// Messages between two tasks over two queues of one; each way counts.
func pingPong(_ times: Int) async throws {
  let rounds = times / 2
  let there = AsyncQueue<Int>(capacity: 1)
  let back = AsyncQueue<Int>(capacity: 1)
  let pong = createTask { for _ in 0..<rounds { try await back.put(try await there.get()) } }
  var total = 0
  for round in 0..<rounds {
    try await there.put(round)
    total += try await back.get()
  }
  try await pong.value
  precondition(total == rounds * (rounds - 1) / 2, "a message was lost")
}

/// Tasks of the language, joined in batches of a thousand.
func spawnTasks(_ times: Int) async {
  var total = 0
  for _ in 0..<times / 1000 {
    total += await withTaskGroup(of: Int.self) { group in
      for _ in 0..<1000 { group.addTask { 1 } }
      return await group.reduce(0, +)
    }
  }
  precondition(total == times, "a task was lost")
}

/// Tasks with a handle, each awaited, in batches of a thousand.
func createTasks(_ times: Int) async throws {
  var total = 0
  for _ in 0..<times / 1000 {
    let handles = (0..<1000).map { _ in createTask { 1 } }
    for handle in handles { total += try await handle.value }
  }
  precondition(total == times, "a task was lost")
}

/// Operations that each give way once, gathered in batches of a thousand.
func gatherOperations(_ times: Int) async throws {
  var total = 0
  for _ in 0..<times / 1000 {
    total += try await gather(0..<1000) { _ in
      try await checkpoint()
      return 1
    }.reduce(0, +)
  }
  precondition(total == times, "a result was lost")
}

/// As many, with their results as they come.
func takeAsCompleted(_ times: Int) async throws {
  var total = 0
  for _ in 0..<times / 1000 {
    let results = asCompleted(0..<1000) { _ in
      try await checkpoint()
      return 1
    }
    for try await one in results { total += one }
  }
  precondition(total == times, "a result was lost")
}

/// Races between an operation that gives way once and one that sleeps, which is cancelled and awaited.
func raceWithSleepers(_ times: Int) async throws {
  var total = 0
  for _ in 0..<times {
    total += try await race(
      {
        try await checkpoint()
        return 1
      },
      {
        try await sleep(for: .seconds(3600))
        return 0
      })
  }
  precondition(total == times, "a sleeper won")
}

/// A number that one loop's tasks and callbacks count up.
final class Counter: @unchecked Sendable {
  // Sendable: everything of this program is on one loop.
  var count = 0
}
