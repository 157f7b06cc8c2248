import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIORuntime

struct UnhandledErrorsTests {
  private struct Failure: Error {}

  @Test func `an error that nobody waits for goes to the handler`() {
    let former = UnhandledErrors.handler.withLock { $0 }
    defer { EventLoop.setUnhandledErrorHandler(former) }
    let reports = Journal<String>()
    EventLoop.setUnhandledErrorHandler { reports.note($0.description) }
    EventLoop.reportUnhandled(Failure(), source: "task 'poller' (App/Main.swift:12)")
    #expect(
      reports.entries.contains(
        "task 'poller' (App/Main.swift:12) failed and nobody waited for it: Failure()"))
  }
}
