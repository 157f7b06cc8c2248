import AsyncIO
import AsyncIOTesting
import Testing

/// Polls a service until it is ready: what the guide tests.
func waitUntilReady(_ isReady: @Sendable () async throws -> Bool) async throws {
  for await _ in every(.seconds(10)) where try await isReady() { return }
}

/// The code of the guide's page on tests.
@Suite struct TestingTests {
  @Test(.virtualTime)
  func `an hour passes at once`() async throws {
    let start = LoopClock.now
    try await Task.sleep(for: .seconds(3600))
    #expect(start.duration(to: LoopClock.now) == .seconds(3600))
  }

  @Test(.virtualTime)
  func `asks every ten seconds`() async throws {
    let start = LoopClock.now
    try await waitUntilReady { start.duration(to: LoopClock.now) >= .seconds(60) }
    #expect(start.duration(to: LoopClock.now) == .seconds(60))
  }

  @Test(.virtualTime)
  func `a waiter that is cancelled takes no permit`() async throws {
    let semaphore = AsyncSemaphore(1)
    try await semaphore.acquire()
    let waiter = createTask { try await semaphore.acquire() }
    await settle()  // the waiter stands in the queue now
    waiter.cancel()
    semaphore.release()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(semaphore.tryAcquire())
  }

  @Test(.virtualTime(seed: 7))
  func `another order of what is ready`() async throws {
    let pages = try await gather(urls) { try await fetch($0) }
    #expect(pages.count == 3)
  }
}
