import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Timeouts for threads that block until a task of the loop has ended.
@Suite(.realTime) struct TimeoutBlockingTests {
  @Test func `a foreign thread gets a TimeoutError, and the task is cancelled`() async throws {
    let loop = try #require(EventLoop.current)
    let cancelled = Journal<Bool>()
    await #expect(throws: TimeoutError(after: .milliseconds(5))) {
      try await withBlocking {
        try loop.runBlocking {
          try await withTimeout(.milliseconds(5)) {
            defer { cancelled.note(Task.isCancelled) }
            try await sleep(for: .seconds(1000))
          }
        }
      }
    }
    #expect(cancelled.entries == [true])
  }  // test_tasks: RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_timeout
}
