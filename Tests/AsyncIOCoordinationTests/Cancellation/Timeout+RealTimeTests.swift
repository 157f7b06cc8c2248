import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

/// What shows only where time passes while code runs.
@Suite(.realTime) struct TimeoutRealTimeTests {
  @Test func `time counts from the call on, also before the body waits first`() async throws {
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(10)) {
        usleep(20_000)
        try await sleep(for: .seconds(1000))
      }
    }
    let start = LoopClock.now
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) { scope in
        scope.reschedule(to: start)
        try await sleep(for: .seconds(1000))
      }
    }
    // Overdue when it first waits, the body is cancelled before a timer that was set later.
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(10)) {
        usleep(20_000)
        try await sleep(for: .milliseconds(5))
      }
    }
  }
}
