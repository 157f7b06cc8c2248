import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What must hold for races, staggered or not, in whatever order things happen.
@Suite(.deadline(.seconds(60))) struct RaceStressTests {
  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `there is one outcome, all that has started has ended, and a seed repeats it`(_ seed: UInt64)
    async throws
  {
    let outcome = try await onVirtualLoop(seed: seed) { await Contestants(seed: seed).compete() }
    let again = try await onVirtualLoop(seed: seed) { await Contestants(seed: seed).compete() }
    #expect(outcome == again)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `ends that come from another loop are no different`(_ seed: UInt64) async throws {
    try await onTwoLoops { other in
      for round in 0..<50 as Range<UInt64> {
        await Contestants(seed: seed * 1000 + round, other: other).compete()
      }
    }
  }
}

/// Random operations in a race whose caller may be cancelled.
private struct Contestants {
  private struct Plan: Sendable {
    var number: Int
    var steps: Int
    var fails: Bool
    var ignoresCancellation: Bool
  }

  private let plans: [Plan]
  private let rule: RaceRule
  private let isStaggered: Bool
  private let delay: Duration?
  private let stepsToCancellation: Int
  private let other: EventLoop?
  private let running = Gauge()

  init(seed: UInt64, other: EventLoop? = nil) {
    var numbers = SeededNumbers(seed: seed)
    plans = (0..<1 + numbers.next(below: 10)).map { number in
      Plan(
        number: number, steps: numbers.next(below: 6), fails: numbers.next(below: 3) > 0,
        ignoresCancellation: numbers.next(below: 4) == 0)
    }
    rule = numbers.next(below: 2) == 0 ? .firstCompleted : .firstSuccess
    isStaggered = numbers.next(below: 2) == 0
    delay = [nil, .zero, .microseconds(50)][numbers.next(below: 3)]
    stepsToCancellation = numbers.next(below: 20)
    self.other = other
  }

  @discardableResult
  func compete() async -> String {
    let handle = createTask { [self] in
      do {
        let winner = try await runRace()
        #expect(!plans[winner].fails)
        return "\(winner)"
      } catch {
        #expect(error is TestFailure || error is ErrorGroup || error is CancellationError)
        return "\(error)"
      }
    }
    for _ in 0..<stepsToCancellation { await giveWay() }
    handle.cancel()
    let outcome = (try? await handle.value) ?? "not started"
    #expect(running.current == 0, "all that has started has ended")
    return "\(outcome) after \(running.total)"
  }

  private func runRace() async throws -> Int {
    guard isStaggered else { return try await race(plans, until: rule) { [self] in try await perform($0) } }
    let (winner, index, errors) = try await staggeredRace(plans, delay: delay) { [self] in
      try await perform($0)
    }
    #expect(winner == index)
    #expect(errors.count == running.total)
    #expect(errors[index] == nil)
    return winner
  }

  private func perform(_ plan: Plan) async throws -> Int {
    try await running.inside {
      for _ in 0..<plan.steps {
        if let other { await visit(other) } else { await giveWay() }
        if !plan.ignoresCancellation { try Task.checkCancellation() }
      }
      if plan.fails { throw TestFailure(plan.number) }
      return plan.number
    }
  }
}
