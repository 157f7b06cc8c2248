import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

/// The router, as the test runner's `main` is not ours.
struct InstalledExecutorsTests {
  @Test func `tasks that are made off any loop go to the platform's executor`() async {
    #expect(InstalledExecutors.isInstalled)
    #expect(InstalledExecutors.home == nil)
    #expect(EventLoop.current == nil)
    #expect(await Task.detached { EventLoop.current == nil }.value)
  }

  @Test func `sleeping off any loop takes real time`() async throws {
    let start = ContinuousClock.now
    try await Task.sleep(for: .milliseconds(2))
    #expect(start.duration(to: .now) >= .milliseconds(2))
  }

  @Test(.virtualTime) func `tasks that are made on a loop stay there`() async throws {
    let loop = try #require(EventLoop.current)
    let stream = AsyncStream<Int> { continuation in
      Task {
        for number in 0..<10 {
          try? await Task.sleep(for: .seconds(1))
          continuation.yield(number)
        }
        continuation.finish()
      }
    }
    var sum = 0
    for await number in stream {
      #expect(loop.isCurrent)
      sum += number
    }
    #expect(sum == 45)
  }
}
