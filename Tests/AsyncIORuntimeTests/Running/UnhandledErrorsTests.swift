import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

struct UnhandledErrorsTests {
  private struct Failure: Error {}

  @Test func `an error that nobody waits for goes to the handler`() {
    UnhandledReports.begin()
    EventLoop.reportUnhandled(Failure(), source: "task 'poller' (App/Main.swift:12)")
    #expect(
      UnhandledReports.all { $0 is Failure }.map(\.description)
        == ["task 'poller' (App/Main.swift:12) failed and nobody waited for it: Failure()"])
  }
}
