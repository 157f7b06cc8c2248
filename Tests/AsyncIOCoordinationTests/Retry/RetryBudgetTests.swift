import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct RetryBudgetTests {
  @Test func `each request pays in a part of a retry`() {
    let budget = RetryBudget(ratio: 0.25, minimumPerSecond: 0, capacity: 2)
    #expect(budget.tryWithdraw())
    #expect(budget.tryWithdraw())
    #expect(!budget.tryWithdraw(), "what it began with is used up")
    for _ in 0..<3 { budget.deposit() }
    #expect(!budget.tryWithdraw())
    budget.deposit()
    #expect(budget.tryWithdraw())
    #expect(budget.statistics == .init(available: 0, requests: 4, retries: 3, refused: 2))
    for _ in 0..<100 { budget.deposit() }
    #expect(budget.statistics.available == 2, "no more is saved up")
  }  // Finagle: RetryBudget

  @Test func `time pays in, too`() async throws {
    let budget = RetryBudget(ratio: 0, minimumPerSecond: 4, capacity: 3)
    while budget.tryWithdraw() {}
    try await sleep(for: .milliseconds(250))
    #expect(budget.tryWithdraw())
    #expect(!budget.tryWithdraw())
    try await sleep(for: .seconds(3600))
    #expect(budget.statistics.available == 3)
  }  // Finagle: minRetriesPerSec

  @Test func `retries stop when it is used up, with the error that there is`() async throws {
    let budget = RetryBudget(ratio: 0.1, minimumPerSecond: 0, capacity: 1)
    let (tried, reasons) = (Gauge(), Journal<FailedAttempt.Next>())
    for _ in 0..<50 {
      await #expect(throws: TestFailure(1)) {
        try await retry(attempts: 3, backoff: .none, budget: budget, onFailure: { reasons.note($0.next) }) {
          tried.enter()
          throw TestFailure(1)
        }
      }
    }
    #expect((50...56).contains(tried.total), "a tenth of the requests, and the one that it began with")
    #expect(reasons.entries.last == .givesUp(.budget))
    #expect(tried.total == 50 + budget.statistics.retries)
    #expect(budget.statistics.requests == 50)
  }

  @Test(.realTime) func `it may be used on many threads`() async throws {
    let budget = RetryBudget(ratio: 1, minimumPerSecond: 0, capacity: 1000)
    try await onLoops(2) {
      _ = try await gather(0..<100) { _ in
        for _ in 0..<20 {
          _ = budget.tryWithdraw()
          await Task.yield()
        }
      }
    }
    #expect(budget.statistics == .init(available: 0, requests: 0, retries: 1000, refused: 1000))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let ratio = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RetryBudget(ratio: 20)
    }
    #expect(ratio.says("a retry budget allows 0 to 1 retries for a request, not 20.0"))
    await #expect(processExitsWith: .failure) { _ = RetryBudget(minimumPerSecond: -1) }
    await #expect(processExitsWith: .failure) { _ = RetryBudget(capacity: 0) }
  }
}
