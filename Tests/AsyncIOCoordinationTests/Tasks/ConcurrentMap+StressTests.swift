import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What must hold for concurrent maps in whatever order things happen.
@Suite(.deadline(.seconds(60))) struct ConcurrentMapStressTests {
  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `on one loop, in any order`(_ seed: UInt64) async throws {
    let outcome = try await onVirtualLoop(seed: seed) { try await MapStorm(seed: seed, hop: giveWay).rage() }
    let again = try await onVirtualLoop(seed: seed) { try await MapStorm(seed: seed, hop: giveWay).rage() }
    #expect(outcome == again)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `with ends that come from another loop`(_ seed: UInt64) async throws {
    try await onTwoLoops { other in
      for round in 0..<50 as Range<UInt64> {
        _ = try await MapStorm(seed: seed * 1000 + round) { await visit(other) }.rage()
      }
    }
  }
}

/// A map over random operations, whose caller may fail, leave or be cancelled.
private struct MapStorm {
  private let steps: [Int]
  private let limit: Int
  private let ordered: Bool
  private let isAsync: Bool
  private let failing: Int
  private let leavingAfter: Int
  private let stepsToCancellation: Int
  private let hop: @Sendable () async -> Void
  private let running = Gauge()

  init(seed: UInt64, hop: @escaping @Sendable () async -> Void) {
    var numbers = SeededNumbers(seed: seed)
    steps = (0..<numbers.next(below: 60)).map { _ in numbers.next(below: 6) }
    limit = 1 + numbers.next(below: 10)
    ordered = numbers.next(below: 2) == 0
    isAsync = numbers.next(below: 2) == 0
    // Often none.
    failing = numbers.next(below: 120)
    leavingAfter = numbers.next(below: 120)
    stepsToCancellation = numbers.next(below: 200)
    self.hop = hop
  }

  func rage() async throws -> String {
    let handle = createTask { [self] in
      do {
        let results = try await collect()
        if results.count < min(steps.count, leavingAfter) { Issue.record("results are missing") }
        #expect(ordered ? results == Array(0..<results.count) : Set(results).count == results.count)
        return "\(results)"
      } catch {
        #expect(error as? TestFailure == TestFailure(failing) || error is CancellationError)
        return "\(error)"
      }
    }
    for _ in 0..<stepsToCancellation { await giveWay() }
    handle.cancel()
    let outcome = (try? await handle.value) ?? "not started"
    #expect(running.peak <= limit)
    while running.current > 0 { await giveWay() }
    return "\(outcome) after \(running.total)"
  }

  private func collect() async throws -> [Int] {
    isAsync
      ? try await take(Arriving(count: steps.count).concurrentMap(limit: limit, ordered: ordered, perform))
      : try await take(steps.indices.concurrentMap(limit: limit, ordered: ordered, perform))
  }

  private func take(_ numbers: some AsyncSequence<Int, any Error>) async throws -> [Int] {
    var results: [Int] = []
    if leavingAfter == 0 { return results }
    for try await number in numbers {
      results.append(number)
      if results.count == leavingAfter { break }
    }
    return results
  }

  @Sendable private func perform(_ number: Int) async throws -> Int {
    try await running.inside {
      for _ in 0..<steps[number] {
        await hop()
        if number.isMultiple(of: 2) { try Task.checkCancellation() }
      }
      if number == failing { throw TestFailure(number) }
      return number
    }
  }
}
