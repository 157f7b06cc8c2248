import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct ParallelMapTests {
  @Test(arguments: [0, 1, 2, 7, 100, 10_000]) func `the results are in the order of the elements`(
    _ count: Int
  ) async throws {
    let values = try await (0..<count).parallelMap { $0 * 2 }
    #expect(values == (0..<count).map { $0 * 2 })
  }

  @Test func `of any collection, by its own indices`() async throws {
    let letters = Array("abcdefgh")[2..<6]
    #expect(try await letters.parallelMap { String($0) } == ["c", "d", "e", "f"])
  }

  @Test(arguments: [1, 3, 1000]) func `each element is transformed once`(_ chunk: Int) async throws {
    let counts = (0..<500).map { _ in Counter() }
    _ = try await counts.parallelMap(minimumChunk: chunk) { $0.count.add(1, ordering: .relaxed) }
    #expect(counts.allSatisfy { $0.count.load(ordering: .relaxed) == 1 })
  }

  @Test func `it uses all threads of the pool, and none of the loop`() async throws {
    let pool = ThreadPool(name: "test", maximum: 3)
    let gauge = Gauge()
    _ = try await (0..<3).parallelMap(on: pool) { _ in
      gauge.enter()
      // None goes on before all three are there.
      while gauge.total < 3 { sched_yield() }
      #expect(EventLoop.current == nil)
    }
    #expect(gauge.peak == 3)
  }

  @Test func `an error ends it, when what runs has ended`() async throws {
    let gauge = Gauge()
    await #expect(throws: TestFailure(5)) {
      _ = try await (0..<100_000).parallelMap { number in
        gauge.enter()
        defer { gauge.leave() }
        if number == 5 { throw TestFailure(5) }
        // Long enough that the error comes first.
        while number > 1000, !Task.isCancelled { sched_yield() }
      }
    }
    #expect(gauge.current == 0)
    #expect(gauge.total < 100_000)
  }

  @Test func `cancelled before, nothing is computed`() async throws {
    let calls = Journal<Int>()
    let task = Task { try await (0..<100).parallelMap { calls.note($0) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(calls.count == 0)
  }

  @Test func `cancelled meanwhile, no further chunk is begun`() async throws {
    let (gauge, gate) = (Gauge(), Gate())
    let task = Task {
      try await (0..<100_000).parallelMap { _ in
        gauge.enter()
        gate.pass()
        gauge.leave()
      }
    }
    while gauge.total == 0 { await Task.yield() }
    task.cancel()
    await settle()
    gate.open()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(gauge.current == 0)
    #expect(gauge.total < 100_000)
  }

  @Test func `without a thread it throws`() async throws {
    let pool = ThreadPool(name: "test", maximum: 2) { _ in false }
    await #expect(throws: IOError.self) { try await [1, 2, 3].parallelMap(on: pool) { $0 } }
  }

  @Test func `chunks of no elements are a mistake`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await onVirtualLoop { _ = try await [1].parallelMap(minimumChunk: 0) { $0 } }
    }
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(errors.contains("parallelMap's chunks have at least 1 element, not 0"))
  }

  @Test func `what the transformations have returned goes away with the results`() async throws {
    weak var result: Token?
    do {
      let tokens = try await (0..<100).parallelMap { _ in Token() }
      result = tokens[50]
      #expect(result != nil)
    }
    while result != nil { await Task.yield() }
  }

  private final class Counter: Sendable {
    let count = Atomic<Int>(0)
  }
}

@Suite(.virtualTime) struct WithComputeTests {
  @Test func `the value or the error is that of the computation`() async throws {
    #expect(try await withCompute { 42 } == 42)
    await #expect(throws: TestFailure(1)) { try await withCompute { throw TestFailure(1) } }
  }

  @Test func `no more computations run than there are cores`() async throws {
    let gauge = Gauge()
    _ = try await gather(0..<50) { _ in
      try await withCompute {
        gauge.enter()
        defer { gauge.leave() }
        for _ in 0..<10 { sched_yield() }
      }
    }
    #expect(gauge.total == 50)
    #expect(gauge.peak <= ThreadPool.compute.maximum)
  }
}
