import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What becomes of tasks that are left when main has ended.
struct LeftoverTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  private func reports(_ name: String) -> [String] {
    UnhandledReports.all { ($0 as? Lost)?.name == name }.map(\.source)
  }

  @Test func `a task that is left has ended when the run returns`() async throws {
    let cleaned = Journal<Void>()
    let handle = try await onVirtualLoop {
      let handle = createTask { try await sleepAndCleanUp { cleaned.note(()) } }
      await giveWay()
      return handle
    }
    #expect(handle.isDone)
    #expect(cleaned.count == 1)
    await #expect(throws: CancellationError.self) { try await handle.value }
  }  // test_runners: RunTests.test_asyncio_run_cancels_hanging_tasks

  @Test func `errors of tasks that are left are reported`() async throws {
    let value = try await onVirtualLoop {
      createTask(name: "left", fileID: "App/Main.swift", line: 12) {
        do { try await sleep(for: .seconds(1000)) } catch { throw Lost(name: "reported") }
      }
      await giveWay()
      return 123
    }
    #expect(value == 123)
    #expect(reports("reported") == ["task 'left' (App/Main.swift:12)"])
  }  // test_runners: RunTests.test_asyncio_run_reports_hanging_tasks_errors

  @Test func `main's error is thrown although a task that is left fails too`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await onVirtualLoop {
        createTask(name: "left", fileID: "App/Main.swift", line: 12) {
          do { try await sleep(for: .seconds(1000)) } catch { throw Lost(name: "beside main's") }
        }
        await giveWay()
        throw TestFailure(1)
      }
    }
    #expect(reports("beside main's") == ["task 'left' (App/Main.swift:12)"])
  }  // test_runners: RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors
}
