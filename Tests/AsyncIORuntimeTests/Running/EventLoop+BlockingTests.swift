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

  @Test func `in a call of a task it is cancelled with the task`() async throws {
    let waiting = Journal<Void>()
    let task = Task(executorPreference: TestThread()) {
      try EventLoop.runBlocking {
        waiting.note(())
        try await sleep(for: .seconds(1000))
      }
    }
    while waiting.count == 0 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `in a call of a task that is cancelled already, it is cancelled at once`() async throws {
    let task = Task(executorPreference: TestThread()) {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      try EventLoop.runBlocking { try await sleep(for: .seconds(1000)) }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `on a thread that makes a call for a loop, the type's function finds that loop`() async throws {
    let loop = try #require(EventLoop.current)
    let isThere = try await Task(executorPreference: TestThread()) {
      try EventLoop.runBlocking { loop.isCurrent }
    }.value
    #expect(isThere)
  }

  @Test func `a task that is left when the run ends is cancelled`() async throws {
    let ended = Journal<(any Error)?>()
    try await onOwnThread {
      let runner = try Runner()
      let loop = runner.loop
      try runner.run {
        let began = Waiter()
        LoopThread.start(named: "test") {
          do {
            try loop.runBlocking {
              began.finish(.woken)
              try await sleep(for: .seconds(1000))
            }
          } catch {
            ended.note(error)
          }
        }
        _ = await began.wait(for: "the thread")
      }
      runner.close()
    }
    while ended.count == 0 { await Task.yield() }
    #expect(ended.entries.first.map { $0 is CancellationError } == true)
  }

  @Test func `when the loop is closed those who wait and those who come are refused`() async throws {
    let refused = Journal<EventLoopError.Code?>()
    try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.grace = .milliseconds(5)
      let runner = try Runner(configuration)
      let loop = runner.loop
      try runner.run {
        let began = Waiter()
        LoopThread.start(named: "test") {
          let error = #expect(throws: EventLoopError.self) {
            try loop.runBlocking {
              began.finish(.woken)
              // It does not end by its cancellation.
              await Waiter().waitUncancelled(for: "nothing")
            }
          }
          refused.note(error?.code)
        }
        _ = await began.wait(for: "the thread")
      }
      runner.close()
      let error = #expect(throws: EventLoopError.self) { try loop.runBlocking {} }
      refused.note(error?.code)
    }
    while refused.count < 2 { await Task.yield() }
    #expect(refused.entries == [.closed, .closed])
  }

  @Test func `on a loop's own thread it is refused`() async throws {
    let loop = try #require(EventLoop.current)
    let error = #expect(throws: EventLoopError.self) { try loop.runBlocking { 1 } }
    #expect(error?.code == .wouldBlockLoop)
  }
}

/// Runs each job on a thread of its own, which serves the loop that the job comes from.
private final class TestThread: TaskExecutor {
  func enqueue(_ job: UnownedJob) {
    let origin = EventLoop.ofCaller
    LoopThread.start(named: "test") {
      let thread = ServingThread(pool: "test")
      thread.begin()
      thread.serve(origin) { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
      thread.end()
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job)) }
}
