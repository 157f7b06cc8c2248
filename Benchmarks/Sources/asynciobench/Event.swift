import AsyncIO
import Synchronization

/// A thousand tasks that wait for the same event, a thousand events one after another: the last to wake lets the next happen.
func wakeMany() async throws {
  let tasks = 1000
  let rounds = sized(1000)
  let happens = (0..<rounds).map { _ in AsyncEvent() }
  let allAwake = happens.map { _ in AsyncEvent() }
  let awake = Awake()
  let waiters = (0..<tasks).map { _ in
    createTask {
      for round in 0..<rounds {
        try await happens[round].wait()
        if awake.count.add(1, ordering: .relaxed).newValue.isMultiple(of: tasks) { allAwake[round].set() }
      }
    }
  }
  try await checkpoint()
  let start = ContinuousClock.now
  for round in 0..<rounds {
    happens[round].set()
    try await allAwake[round].wait()
  }
  for waiter in waiters { try await waiter.value }
  report(.event, count: tasks * rounds, since: start)
  precondition(awake.count.load(ordering: .relaxed) == tasks * rounds, "somebody was not woken.")
}

/// How many have been woken so far.
private final class Awake: Sendable {
  let count = Atomic(0)
}
