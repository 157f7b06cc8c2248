// Try again, after longer and longer times, as long as it makes sense.

import AsyncIO

struct Unavailable: Error {}

func fetch(_ attempt: Int) async throws -> String {
  guard attempt > 2 else { throw Unavailable() }
  return "a page"
}

try EventLoop.run {
  let page = try await retry(attempts: 5, backoff: .exponential(from: .milliseconds(10), to: .seconds(1))) {
    attempt in
    try await fetch(attempt)
  }
  print(page)

  // All calls of one server together: no more retries than a tenth of the requests, and one in a second.
  let budget = RetryBudget(ratio: 0.1, minimumPerSecond: 1, capacity: 3)
  let results = try await gatherResults(0..<20) { _ in
    try await retry(backoff: .constant(.milliseconds(1)), budget: budget, when: { $0 is Unavailable }) {
      throw Unavailable()
    }
  }
  print(results.count, "requests,", budget.statistics.retries, "retries")
}
