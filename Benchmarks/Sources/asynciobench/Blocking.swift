import AsyncIO
import Glibc

/// A hundred thousand calls on another thread, each awaited before the next.
func callBlocking() async throws {
  let count = sized(100_000)
  var total = 0
  let start = ContinuousClock.now
  for _ in 0..<count { total += try await withBlocking { 1 } }
  report(.blocking, count: count, since: start)
  precondition(total == count, "withBlocking lost a result.")
}

/// As many, from a hundred tasks at once.
func callBlockingFromMany() async throws {
  let (tasks, calls) = (100, sized(1000))
  let start = ContinuousClock.now
  let totals = try await gather(0..<tasks) { _ in
    var total = 0
    for _ in 0..<calls { total += try await withBlocking { 1 } }
    return total
  }
  report(.blocking100, count: tasks * calls, since: start)
  precondition(totals.reduce(0, +) == tasks * calls, "withBlocking lost a result.")
}

/// The longest delay of a task that sleeps for a millisecond again and again, while sixteen others block for two seconds each.
func delayBehindBlockers() async throws {
  let blockers = createTask { try await gather(0..<16) { _ in try await withBlocking { Glibc.sleep(2) } } }
  var longest = Duration.zero
  while !blockers.isDone {
    let start = ContinuousClock.now
    try await sleep(for: .milliseconds(1))
    longest = max(longest, ContinuousClock.now - start - .milliseconds(1))
  }
  report(.blockers, count: 1, in: longest)
}
