import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.realTime) struct WithBlockingAbandonTests {
  @Test func `not cancelled, it gives the value or the error`() async throws {
    #expect(try await withBlocking(onCancel: .abandon) { 42 } == 42)
    await #expect(throws: TestFailure(1)) {
      try await withBlocking(onCancel: .abandon) { throw TestFailure(1) }
    }
  }

  @Test func `cancelled before, the call is not made`() async throws {
    let called = Journal<Void>()
    let task = Task { try await withBlocking(onCancel: .abandon) { called.note(()) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(called.count == 0)
  }

  @Test func `cancelled meanwhile, the caller goes on, and the call can see that it is not wanted`()
    async throws
  {
    let (started, gate, seen) = (Journal<Void>(), Gate(), Journal<Bool>())
    let task = Task {
      try await withBlocking(onCancel: .abandon) {
        started.note(())
        gate.pass()
        seen.note(Task.isCancelled)
      }
    }
    while started.count == 0 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(seen.count == 0)
    gate.open()
    while seen.count == 0 { await Task.yield() }
    #expect(seen.entries == [true])
  }

  @Test func `a timeout around it is in time`() async throws {
    let gate = Gate()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(5)) {
        try await withBlocking(onCancel: .abandon) { gate.pass() }
      }
    }
    gate.open()
  }

  @Test func `an error after that is reported`() async throws {
    UnhandledReports.begin()
    let (started, gate) = (Journal<Void>(), Gate())
    let task = Task {
      try await withBlocking(onCancel: .abandon, name: "abandoned") {
        started.note(())
        gate.pass()
        throw TestFailure(4711)
      }
    }
    while started.count == 0 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    gate.open()
    var reports: [UnhandledError] = []
    while reports.isEmpty {
      reports = UnhandledReports.all { $0 as? TestFailure == TestFailure(4711) }
      await Task.yield()
    }
    #expect(reports.count == 1)
    #expect(reports.first?.source.hasPrefix("task 'abandoned'") == true)
  }

  @Test func `cancelled while it waits for a thread, the call is never made`() async throws {
    let pool = ThreadPool(name: "test", maximum: 1)
    let (started, gate, made) = (Journal<Void>(), Gate(), Journal<Void>())
    let first = Task {
      try await withBlocking(on: pool) {
        started.note(())
        gate.pass()
      }
    }
    while started.count == 0 { await Task.yield() }
    let second = Task { try await withBlocking(on: pool, onCancel: .abandon) { made.note(()) } }
    while pool.statistics.queued == 0 { await Task.yield() }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    gate.open()
    try await first.value
    try await withBlocking(on: pool) {}
    #expect(made.count == 0)
  }
}
