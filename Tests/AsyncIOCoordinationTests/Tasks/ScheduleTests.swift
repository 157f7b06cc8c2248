import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What must hold whatever the order in which ready tasks run, tried with many of them.
@Suite(.deadline(.seconds(60))) struct ScheduleTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `the order in which tasks run changes no result`(_ seed: UInt64) async throws {
    let results = try await onVirtualLoop(seed: seed) {
      let started = Journal<Int>()
      let gathered = try await gather(0..<50, limit: 7) { number in
        started.note(number)
        try await checkpoint()
        try await sleep(for: .milliseconds(number % 3))
        return number
      }
      #expect(started.entries == Array(0..<50))
      var completed: [Int] = []
      for try await number in asCompleted(
        [3, 1, 2],
        { number in
          try await sleep(for: .seconds(number))
          return number
        })
      {
        completed.append(number)
      }
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await sleepAndCleanUp {} }
      }
      return gathered + completed
    }
    #expect(results == Array(0..<50) + [1, 2, 3])
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `whatever fails or is cancelled, all that has started ends, and there is one outcome`(
    _ seed: UInt64
  ) async throws {
    let isRepeatable = try await onVirtualLoop(seed: seed) { try await Storm(seed: seed).rage() }
    let again = try await onVirtualLoop(seed: seed) { try await Storm(seed: seed).rage() }
    #expect(isRepeatable == again)
  }
}

/// Random operations under random combinators, with random delays, errors and cancellations.
private struct Storm {
  /// What an operation does after its delay.
  enum Deed: Int, Sendable {
    case returns, checksAndReturns, ignoresCancellation, cleansUp, nests, throwsAnError
  }

  struct Plan: Sendable {
    var number: Int
    var delay: Duration
    var deed: Deed
  }

  private let plans: [Plan]
  private let limit: Int?
  private let timeout: Duration
  private let cancellation: Duration
  private let usesAsCompleted: Bool
  private let running = Gauge()
  private let errors = Journal<Int>()

  init(seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    // With and without operations that fail.
    let deeds = numbers.next(below: 2) == 0 ? 5 : 6
    plans = (0..<numbers.next(below: 200)).map { number in
      Plan(
        number: number, delay: .milliseconds(numbers.next(below: 50)),
        deed: Deed(rawValue: numbers.next(below: deeds)) ?? .returns)
    }
    limit = numbers.next(below: 2) == 0 ? nil : 1 + numbers.next(below: 20)
    timeout = .milliseconds(1 + numbers.next(below: 400))
    cancellation = .milliseconds(1 + numbers.next(below: 400))
    usesAsCompleted = numbers.next(below: 2) == 0
  }

  /// Runs it all; the outcome in words.
  func rage() async throws -> String {
    let loop = try #require(EventLoop.current)
    let outcomes = Journal<String>()
    let handle = createTask { [self] in
      do {
        let numbers = try await withTimeout(timeout) { try await usesAsCompleted ? collect() : gatherAll() }
        #expect(numbers.sorted() == Array(0..<plans.count))
        outcomes.note("\(numbers)")
      } catch let error as TestFailure {
        #expect(errors.entries.contains(error.number))
        outcomes.note("\(error)")
      } catch {
        #expect(error is TimeoutError || error is CancellationError)
        outcomes.note("\(error)")
      }
    }
    let canceller = loop.callLater(cancellation) { handle.cancel() }
    try await handle.value
    canceller.cancel()
    if usesAsCompleted {
      // These end by themselves.
      try await sleep(for: .seconds(1))
    }
    #expect(running.current == 0, "all that has started has ended")
    #expect(outcomes.count == 1)
    #expect(loop.timerCount == 0)
    return outcomes.entries.joined() + " after \(running.total) at \(LoopClock.now)"
  }

  private func gatherAll() async throws -> [Int] {
    let numbers = try await gather(plans, limit: limit) { [self] in try await perform($0) }
    #expect(numbers == Array(0..<plans.count))
    return numbers
  }

  private func collect() async throws -> [Int] {
    var numbers: [Int] = []
    for try await number in asCompleted(plans, limit: limit, { [self] in try await perform($0) }) {
      numbers.append(number)
    }
    return numbers
  }

  private func perform(_ plan: Plan) async throws -> Int {
    try await running.inside {
      switch plan.deed {
      case .returns: break
      case .checksAndReturns:
        for _ in 0..<5 { try await checkpoint() }
        try await sleep(for: plan.delay)
      case .ignoresCancellation: await sleepUncancelled(for: plan.delay)
      case .cleansUp:
        do {
          try await sleep(for: plan.delay)
        } catch {
          await sleepUncancelled(for: .milliseconds(10))
          throw error
        }
      case .nests:
        _ = try await gather(0..<3, limit: 2) { number in
          try? await withTimeout(.milliseconds(5)) { try await sleep(for: plan.delay * number) }
          try Task.checkCancellation()
        }
      case .throwsAnError:
        try await sleep(for: plan.delay)
        errors.note(plan.number)
        throw TestFailure(plan.number)
      }
      return plan.number
    }
  }
}
