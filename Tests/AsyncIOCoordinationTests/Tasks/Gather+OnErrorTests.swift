import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// A gather whose first error ends no other operation, as asyncio's.
@Suite(.virtualTime) struct GatherLeavingOthersTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  @Test func `where all end well, results are in the order of the elements`() async throws {
    #expect(try await gather([3, 1, 2], onError: .leaveOthersRunning, sleepThenReturn) == [3, 1, 2])
    #expect(try await gather([Int](), onError: .leaveOthersRunning, sleepThenReturn).isEmpty)
    #expect(try await gather(0..<100, limit: 7, onError: .leaveOthersRunning) { $0 } == Array(0..<100))
    #expect(LoopClock.now == .seconds(3))
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: GatherTestsBase.test_success

  @Test func `the first error is thrown at once, and the others go on to their ends`() async throws {
    let ended = Journal<Int>()
    await #expect(throws: TestFailure(2)) {
      try await gather(1...4, onError: .leaveOthersRunning) { seconds in
        try await sleep(for: .seconds(seconds))
        if seconds == 2 { throw TestFailure(2) }
        ended.note(seconds)
      }
    }
    #expect(LoopClock.now == .seconds(2))
    #expect(ended.entries == [1])
    try await sleep(for: .seconds(10))
    #expect(ended.entries == [1, 3, 4])
  }  // test_tasks: GatherTestsBase.test_one_exception

  @Test func `a CancellationError of an operation is thrown, and cancels nobody`() async throws {
    let ended = Journal<Int>()
    await #expect(throws: CancellationError.self) {
      try await gather(1...3, onError: .leaveOthersRunning) { seconds in
        try await sleep(for: .seconds(seconds))
        if seconds == 2 { throw CancellationError() }
        ended.note(seconds)
      }
    }
    #expect(!Task.isCancelled)
    try await sleep(for: .seconds(10))
    #expect(ended.entries == [1, 3])
  }  // test_tasks: FutureGatherTests.test_one_cancellation

  @Test func `those that wait for the limit are started nevertheless`() async throws {
    let started = Journal<Int>()
    await #expect(throws: TestFailure(0)) {
      try await gather(0..<10, limit: 2, onError: .leaveOthersRunning) { number in
        started.note(number)
        try await sleep(for: .seconds(1))
        if number == 0 { throw TestFailure(0) }
      }
    }
    #expect(started.count < 10)
    try await sleep(for: .seconds(10))
    #expect(started.entries == Array(0..<10))
  }

  @Test func `errors that come later are reported, each once, but for cancellations`() async throws {
    await #expect(throws: Lost.self) {
      try await gather(1...4, onError: .leaveOthersRunning, fileID: "App/Main.swift", line: 12) { seconds in
        try await sleep(for: .seconds(seconds))
        if seconds == 3 { throw CancellationError() }
        throw Lost(name: "later \(seconds)")
      }
    }
    try await sleep(for: .seconds(10))
    let reports = UnhandledReports.all { ($0 as? Lost)?.name.hasPrefix("later") == true }
    #expect(reports.map { ($0.error as? Lost)?.name } == ["later 2", "later 4"])
    #expect(reports.first?.source == "an operation that gather has left running (App/Main.swift:12)")
  }  // test_tasks: CoroutineGatherTests.test_exception_marking, where later errors are dropped

  @Test func `cancelled before it starts, it runs nothing`() async throws {
    let started = Journal<Int>()
    let task = Task { try await gather(0..<5, onError: .leaveOthersRunning) { started.note($0) } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await settle()
    #expect(started.count == 0)
  }

  @Test func `cancelled meanwhile, it cancels all, waits for their cleanup, and drops their errors`()
    async throws
  {
    let cleaned = Journal<Int>()
    let task = Task {
      try await gather(0..<5, onError: .leaveOthersRunning) { number in
        do { try await sleepAndCleanUp { cleaned.note(number) } } catch { throw Lost(name: "cancelled") }
      }
    }
    try await sleep(for: .seconds(3))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.entries == [0, 1, 2, 3, 4])
    #expect(LoopClock.now == .seconds(4))
    let reports = UnhandledReports.all { ($0 as? Lost)?.name == "cancelled" }
    #expect(reports.isEmpty)
  }  // test_tasks: CoroutineGatherTests.test_cancellation_broadcast

  @Test func `cancelled at the instant of the first error, but later, the others go on`() async throws {
    let ended = Journal<Int>()
    let cancel = Journal<Task<[Void], any Error>>()
    let task = Task {
      try await gather([1, 2], onError: .leaveOthersRunning) { seconds in
        try await sleep(for: .seconds(seconds))
        guard seconds == 2 else {
          // Runs when the error has been noted, and before who waits for it.
          EventLoop.current?.callSoon { cancel.entries.first?.cancel() }
          throw TestFailure(1)
        }
        ended.note(seconds)
      }
    }
    cancel.note(task)
    await #expect(throws: TestFailure(1)) { try await task.value }
    try await sleep(for: .seconds(5))
    #expect(ended.entries == [2])
  }

  @Test func `cancelled after the error, who called it cancels nobody`() async throws {
    let ended = Journal<Int>()
    let task = Task {
      await #expect(throws: TestFailure(1)) {
        try await gather([1, 2], onError: .leaveOthersRunning) { seconds in
          try await sleep(for: .seconds(seconds))
          if seconds == 1 { throw TestFailure(1) }
          ended.note(seconds)
        }
      }
      try await sleep(for: .seconds(1000))
    }
    try await sleep(for: .milliseconds(1500))
    task.cancel()
    try await sleep(for: .seconds(5))
    #expect(ended.entries == [2])
  }

  @Test func `the end of the run cancels those that were left, and waits for them`() async throws {
    let cleaned = Journal<Int>()
    _ = try await onVirtualLoop {
      await #expect(throws: TestFailure(0)) {
        try await gather(0..<3, onError: .leaveOthersRunning) { number in
          if number == 0 { throw TestFailure(0) }
          try await sleepAndCleanUp { cleaned.note(number) }
        }
      }
    }
    #expect(cleaned.entries == [1, 2])
  }

  @Test func `operations that the end of the run has cancelled are no results`() async throws {
    let outcomes = Journal<String>()
    _ = try await onVirtualLoop {
      // A task that the run does not know: it is not cancelled itself.
      Task {
        do {
          let results = try await gather(0..<3, limit: 1, onError: .leaveOthersRunning) { _ in
            try? await sleep(for: .seconds(1000))
          }
          outcomes.note("\(results.count) results")
        } catch {
          outcomes.note("\(error is CancellationError)")
        }
      }
      for _ in 0..<10 { await giveWay() }
    }
    #expect(outcomes.entries == ["true"])
  }

  @Test func `with cancelOthers it is gather`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(0)) {
      try await gather(0..<3, onError: .cancelOthers) { number in
        if number == 0 { throw TestFailure(0) }
        try await sleepAndCleanUp { cleaned.note(number) }
      }
    }
    #expect(cleaned.entries.isEmpty, "they were not started")
    #expect(try await gather(0..<3, onError: .cancelOthers) { $0 } == [0, 1, 2])
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a limit below one is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = try await gather([1], limit: 0, onError: .leaveOthersRunning) { $0 }
    }
  }
}
