import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Every error of a gather that leaves the others running is thrown or reported, once, wherever it comes from.
@Suite(.deadline(.seconds(60))) struct GatherLeavingOthersStressTests {
  private struct Numbered: Error, Hashable {
    let seed: UInt64
    let number: Int
  }

  init() { UnhandledReports.begin() }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `on one loop, in any order`(_ seed: UInt64) async throws {
    let outcome = try await onVirtualLoop(seed: seed) { try await Self.gatherOnce(seed: seed, hop: giveWay) }
    Self.check(outcome, seed: seed)
  }

  @Test(arguments: 31...60 as ClosedRange<UInt64>)
  func `on two loops`(_ seed: UInt64) async throws {
    let outcome = try await onTwoLoops { other in
      try await Self.gatherOnce(seed: seed) { await visit(other) }
    }
    Self.check(outcome, seed: seed)
  }

  private struct Outcome {
    var thrown: Numbered?
    var failed: [Numbered]
  }

  private static func gatherOnce(
    seed: UInt64, hop: @escaping @Sendable () async -> Void
  ) async throws -> Outcome {
    var numbers = SeededNumbers(seed: seed)
    let steps = (0..<100).map { _ in numbers.next(below: 8) }
    let limit = 1 + numbers.next(below: 100)
    let failed = Journal<Numbered>()
    let ended = Gauge()
    var thrown: Numbered?
    do {
      _ = try await gather(steps.indices, limit: limit, onError: .leaveOthersRunning) { number in
        defer { ended.enter() }
        for _ in 0..<steps[number] { await hop() }
        guard steps[number] > 5 else { return }
        failed.note(Numbered(seed: seed, number: number))
        throw Numbered(seed: seed, number: number)
      }
    } catch let error as Numbered {
      thrown = error
    }
    while ended.total < 100 { await giveWay() }
    for _ in 0..<10 { await giveWay() }
    return Outcome(thrown: thrown, failed: failed.entries)
  }

  private static func check(_ outcome: Outcome, seed: UInt64) {
    let reported = UnhandledReports.all { ($0 as? Numbered)?.seed == seed }.compactMap {
      $0.error as? Numbered
    }
    #expect((outcome.thrown != nil) == !outcome.failed.isEmpty)
    #expect(Set(reported + [outcome.thrown].compactMap(\.self)) == Set(outcome.failed))
    #expect(reported.count == max(0, outcome.failed.count - 1))
  }
}
