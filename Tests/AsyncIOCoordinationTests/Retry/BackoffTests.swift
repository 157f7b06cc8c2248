import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct BackoffTests {
  private func delays(_ backoff: Backoff, _ count: Int) -> [Duration] { Array(backoff.prefix(count)) }

  @Test func `constant delays, and none`() {
    #expect(delays(.constant(.seconds(2)), 3) == [.seconds(2), .seconds(2), .seconds(2)])
    #expect(delays(.none, 2) == [.zero, .zero])
  }

  @Test func `exponential delays, up to a limit`() {
    let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(10), jitter: .none)
    #expect(delays(backoff, 6) == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
    #expect(delays(backoff, 2) == [.seconds(1), .seconds(2)], "each iteration begins anew")
    let byThree = Backoff.exponential(from: .seconds(1), to: .seconds(100), factor: 3, jitter: .none)
    #expect(delays(byThree, 5) == [1, 3, 9, 27, 81].map { .seconds($0) })
  }  // tenacity: wait_exponential

  @Test func `a limit beyond all time does not overflow`() {
    let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(Int64.max), jitter: .none)
    #expect(delays(backoff, 200).last == .seconds(Int64.max))
  }

  @Test(arguments: [Backoff.Jitter.full, .equal])
  func `full and equal jitter stay between their bounds, and use all of the room`(_ jitter: Backoff.Jitter) {
    let plain = delays(.exponential(from: .seconds(1), to: .seconds(8), jitter: .none), 6)
    var parts: [Double] = []
    for _ in 0..<200 {
      for (delay, whole) in zip(
        Backoff.exponential(from: .seconds(1), to: .seconds(8), jitter: jitter), plain)
      {
        parts.append(delay / whole)
      }
    }
    let least = if case .full = jitter { 0.0 } else { 0.5 }
    #expect(parts.allSatisfy { (least...1).contains($0) })
    #expect((parts.min() ?? 1) < least + 0.05)
    #expect((parts.max() ?? 0) > 0.95)
    let mean = parts.reduce(0, +) / Double(parts.count)
    #expect(abs(mean - (least + 1) / 2) < 0.03)
  }  // AWS: "Full Jitter", "Equal Jitter"

  @Test func `decorrelated jitter is between the first delay and three times the last one`() {
    for _ in 0..<100 {
      var last = Duration.seconds(1)
      for delay in delays(.exponential(from: .seconds(1), to: .seconds(60), jitter: .decorrelated), 20) {
        #expect(delay >= .seconds(1) && delay <= min(.seconds(60), last * 3))
        last = delay
      }
    }
    let ends = (0..<50).map { _ in
      delays(.exponential(from: .seconds(1), to: .seconds(60), jitter: .decorrelated), 20).last
    }
    #expect(ends.contains { $0 ?? .zero > .seconds(30) }, "it grows")
  }  // AWS: "Decorrelated Jitter"

  @Test func `chance is that of the loop's seed`() async throws {
    func draw(_ seed: UInt64) async throws -> [Duration] {
      try await onVirtualLoop(seed: seed) {
        Array(Backoff.exponential(from: .seconds(1), to: .seconds(60)).prefix(10))
      }
    }
    #expect(try await draw(1) == draw(1))
    #expect(try await draw(1) != draw(2))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Backoff.constant(.seconds(-1))
    }
    #expect(negative.says("a delay is zero or more, not -1.0 seconds"))
    await #expect(processExitsWith: .failure) {
      _ = Backoff.exponential(from: .seconds(2), to: .seconds(1))
    }
    await #expect(processExitsWith: .failure) {
      _ = Backoff.exponential(from: .seconds(1), to: .seconds(2), factor: 0.5)
    }
  }
}
