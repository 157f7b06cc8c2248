import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct GatherResultsTests {
  @Test func `where all end well, all are values`() async throws {
    let results = try await gatherResults([3, 1, 2], sleepThenReturn)
    #expect(try results.map { try $0.get() } == [3, 1, 2])
    #expect(LoopClock.now == .seconds(3))
  }  // test_tasks: GatherTestsBase.test_result_exception_success

  @Test func `errors are in the places of their operations, and end no other`() async throws {
    let results = try await gatherResults([4, 1, 3, 2]) { seconds in
      try await sleep(for: .seconds(seconds))
      if seconds < 4, seconds > 1 { throw TestFailure(seconds) }
      return seconds
    }
    #expect(results.map(Outcome.init) == [.value(4), .value(1), .failure(3), .failure(2)])
    #expect(LoopClock.now == .seconds(4))
  }  // test_tasks: GatherTestsBase.test_return_exceptions

  @Test func `a CancellationError of an operation is in its place too`() async throws {
    let results = try await gatherResults(0..<6) { number in
      try await sleep(for: .seconds(number))
      switch number {
      case 2, 4: throw CancellationError()
      case 1, 5: throw TestFailure(number)
      default: return number
      }
    }
    let outcomes = results.map(Outcome.init)
    #expect(outcomes == [.value(0), .failure(1), .cancelled, .value(3), .cancelled, .failure(5)])
    #expect(!Task.isCancelled)
  }  // test_tasks: FutureGatherTests.test_result_exception_one_cancellation

  @Test func `no elements give no results`() async throws {
    #expect(try await gatherResults([Int](), sleepThenReturn).isEmpty)
  }

  @Test func `no more than the limit run at once`() async throws {
    let gauge = Gauge()
    let results = try await gatherResults(0..<20, limit: 3) { number in
      try await gauge.inside { try await sleep(for: .seconds(1)) }
      if number.isMultiple(of: 2) { throw TestFailure(number) }
    }
    #expect(gauge.peak == 3)
    #expect(results.count == 20)
  }

  @Test func `cancelled, it throws although every operation has suppressed it`() async throws {
    let ended = Journal<Int>()
    let task = Task {
      try await gatherResults(0..<5) { number in
        try? await sleep(for: .seconds(1000))
        ended.note(number)
      }.count
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ended.count == 5)
  }  // test_tasks: BaseTaskTests.test_cancel_gather_2

  @Test func `cancelled before it starts, it runs nothing`() async throws {
    let started = Journal<Int>()
    let task = Task { try await gatherResults(0..<5) { started.note($0) }.count }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.count == 0)
  }

  @Test func `operations of different types`() async throws {
    let (a, b) = try await gatherResults({ 1 }, { () -> String in throw TestFailure(2) })
    #expect(Outcome(a) == .value(1))
    #expect(throws: TestFailure(2)) { try b.get() }
    let (c, d, e) = try await gatherResults({ 1 }, { throw TestFailure(2) }, { try await sleepThenReturn(3) })
    #expect([Outcome(c), Outcome(e)] == [.value(1), .value(3)])
    #expect(throws: TestFailure(2)) { try d.get() }
    let four = try await gatherResults({ 1 }, { "2" }, { 3.0 }, { [4] })
    #expect(try (four.0.get(), four.1.get(), four.2.get(), four.3.get()) == (1, "2", 3.0, [4]))
    let five = try await gatherResults({ 1 }, { 2 }, { 3 }, { 4 }, { 5 })
    #expect(try (five.0.get(), five.4.get()) == (1, 5))
    let six = try await gatherResults({ 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 })
    #expect(try (six.0.get(), six.5.get()) == (1, 6))
  }

  private enum Outcome: Equatable {
    case value(Int)
    case failure(Int)
    case cancelled

    init(_ result: Result<Int, any Error>) {
      switch result {
      case .success(let value): self = .value(value)
      case .failure(let error): self = (error as? TestFailure).map { .failure($0.number) } ?? .cancelled
      }
    }
  }
}
