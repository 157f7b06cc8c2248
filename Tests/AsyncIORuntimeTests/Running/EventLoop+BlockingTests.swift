import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

@Suite(.realTime) struct BlockingTests {
  private struct Failure: Error {}

  @Test func `a foreign thread waits for a task on the loop`() async throws {
    let loop = try #require(EventLoop.current)
    let value = try await onOwnThread {
      try loop.runBlocking {
        try await sleep(for: .milliseconds(1))
        return loop.isCurrent
      }
    }
    #expect(value)
  }

  @Test func `an error is thrown on the foreign thread`() async throws {
    let loop = try #require(EventLoop.current)
    await #expect(throws: Failure.self) {
      try await onOwnThread { try loop.runBlocking { throw Failure() } }
    }
  }

  @Test func `a cancellation of the task is thrown on the foreign thread`() async throws {
    let loop = try #require(EventLoop.current)
    await #expect(throws: CancellationError.self) {
      try await onOwnThread {
        try loop.runBlocking {
          unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
          try await sleep(for: .seconds(1000))
        }
      }
    }
  }  // test_tasks: RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_cancelled

  @Test func `many threads may wait at once`() async throws {
    let loop = try #require(EventLoop.current)
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<20 {
        group.addTask { try await onOwnThread { try loop.runBlocking { number } } }
      }
      return try await group.reduce(0, +)
    }
    #expect(sum == 190)
  }

  @Test func `on a loop's own thread it is refused`() async throws {
    let loop = try #require(EventLoop.current)
    let error = #expect(throws: EventLoopError.self) { try loop.runBlocking { 1 } }
    #expect(error?.code == .wouldBlockLoop)
  }
}
