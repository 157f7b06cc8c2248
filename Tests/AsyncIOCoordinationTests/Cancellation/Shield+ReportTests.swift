import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What becomes of an error behind a shield whose waiter has gone.
@Suite(.virtualTime) struct ShieldReportTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  private func reports(_ name: String) -> Int {
    UnhandledReports.all { ($0 as? Lost)?.name == name }.count
  }

  @Test func `an error that comes when the waiter has gone is reported once`() async throws {
    let waiting = Task {
      try await shield {
        try await sleep(for: .seconds(1))
        throw Lost(name: "one shield")
      }
    }
    await settle()
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(reports("one shield") == 0)
    try await sleep(for: .seconds(2))
    #expect(reports("one shield") == 1)
  }  // test_tasks: BaseTaskTests.test_shield_cancel_outer_exception, _never_retrieved

  @Test func `with two shields around one task its error is reported once`() async throws {
    do {
      let task = createTask {
        try await sleep(for: .seconds(1))
        throw Lost(name: "two shields")
      }
      let waiting = (0..<2).map { _ in Task { try await shield(task) } }
      await settle()
      for waiter in waiting { waiter.cancel() }
      for waiter in waiting { await #expect(throws: CancellationError.self) { try await waiter.value } }
    }
    try await sleep(for: .seconds(2))
    #expect(reports("two shields") == 1)
  }  // test_tasks: BaseTaskTests.test_shield_cancel_outer_twice_exception

  @Test func `an error that somebody else has got is not reported`() async throws {
    do {
      let task = createTask {
        try await sleep(for: .seconds(1))
        throw Lost(name: "asked for")
      }
      let waiting = Task { try await shield(task) }
      await settle()
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      await #expect(throws: Lost.self) { try await task.value }
    }
    await settle()
    #expect(reports("asked for") == 0)
  }
}
