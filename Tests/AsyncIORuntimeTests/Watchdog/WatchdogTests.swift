import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIORuntime

/// Code that holds a loop, and is seen by the watchdog of a run in real time.
@Suite(.deadline(.seconds(60))) struct WatchdogTests {
  /// Runs `body` on loops with a watchdog that notes its reports.
  private func run(
    threads: Int = 1, threshold: Duration = .milliseconds(20), _ reports: Journal<BlockingReport>,
    _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.threads = threads
      configuration.watchdog = Watchdog(threshold: threshold) { reports.note($0) }
      let runner = try Runner(configuration)
      defer { runner.close() }
      try runner.run(body)
    }
  }

  @Test func `code that sleeps is reported while it is stuck, with its stack and its task`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(reports) {
      await makeRecordedTask("sleepy", fileID: "App/Main.swift", line: 12) {
        sleepUntil { reports.count > 0 }
      }.value
    }
    let report = try #require(reports.entries.first)
    #expect(report.task == "task 'sleepy' (App/Main.swift:12)")
    #expect(report.duration >= .milliseconds(20))
    let frame = try #require(report.stack.first { $0.function.hasPrefix("sleepUntil(_:)") })
    #expect(frame.file?.hasSuffix("Watchdog/WatchdogTests.swift") == true)
    #expect(frame.line == sleepLine)
    #expect(report.description.contains("task 'sleepy' (App/Main.swift:12) has held the event loop for 0.0"))
  }  // test_base_events: BaseEventLoopWithSelectorTests.test_log_slow_callbacks

  @Test func `code that computes is reported, too`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(reports) { spinUntil { reports.count > 0 } }
    let report = try #require(reports.entries.first)
    #expect(report.task == "task 'main'")
    #expect(report.stack.contains { $0.function.hasPrefix("spinUntil(_:)") })
  }

  @Test func `a callback that blocks is reported, too`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(reports) {
      let waiter = Waiter()
      EventLoop.current?.callSoon {
        sleepUntil { reports.count > 0 }
        waiter.finish(.woken)
      }
      _ = await waiter.wait(for: "the callback")
    }
    let report = try #require(reports.entries.first)
    #expect(report.task == "a callback")
    #expect(report.stack.contains { $0.function.hasPrefix("sleepUntil(_:)") })
  }

  @Test func `what called the task's function on the loop is not part of the report`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(reports) { sleepUntil { reports.count > 0 } }
    let report = try #require(reports.entries.first)
    let functions = report.stack.map(\.function)
    #expect(functions.filter { $0.contains("EventLoop") || $0.contains("swift_job_run") } == [])
  }

  @Test func `a system call that sleeps is not cut short by being looked at`() async throws {
    #expect(try await isEverWhole { usleep(150_000) })
  }

  @Test func `nor is one that waits with a timeout`() async throws {
    #expect(try await isEverWhole { poll(nil, 0, 150) })
  }

  /// Whether in one of five runs no call of `sleep`, which takes 150 milliseconds, was cut short until the watchdog had reported it.
  ///
  /// One that begins between the look at a thread that runs and the signal may be (CAsyncIOSample.c), on a machine with too much to do;
  /// if those were that sleep by then, it would be so in each run.
  private func isEverWhole(_ sleep: @escaping @Sendable () -> CInt) async throws -> Bool {
    for _ in 0..<5 {
      let reports = Journal<BlockingReport>()
      let slept = Journal<(result: CInt, time: Duration)>()
      try await run(reports) {
        // Where the watchdog comes too late, it has nothing to say.
        repeat {
          var result: CInt = 0
          let time = ContinuousClock().measure { result = sleep() }
          slept.note((result, time))
        } while reports.count == 0
      }
      if slept.entries.allSatisfy({ $0.result == 0 && $0.time >= .milliseconds(150) }) { return true }
    }
    return false
  }

  @Test func `a place is reported once in a while`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(reports) {
      func block() async throws {
        usleep(60_000)
        try await checkpoint()
      }
      while reports.count == 0 { try await block() }
      for _ in 0..<3 { try await block() }
    }
    #expect(reports.count == 1)
  }

  @Test func `a run that ends waits for a report that is under way`() async throws {
    let begun = Journal<Void>()
    let reports = Journal<BlockingReport>()
    try await onOwnThread {
      let watchdog = Watchdog(threshold: .milliseconds(20)) { report in
        begun.note(())
        usleep(100_000)
        reports.note(report)
      }
      var configuration = Runner.Configuration()
      configuration.watchdog = watchdog
      let runner = try Runner(configuration)
      try runner.run { sleepUntil { begun.count > 0 } }
      #expect(reports.count == begun.count)
      runner.close()
    }
  }

  @Test func `the second report has names as the first`() async throws {
    for _ in 0..<2 {
      let reports = Journal<BlockingReport>()
      try await run(reports) { sleepUntil { reports.count > 0 } }
      let report = try #require(reports.entries.first)
      #expect(report.stack.contains { $0.function.hasPrefix("sleepUntil(_:)") })
      #expect(report.stack.allSatisfy { $0.image != "an unknown image" })
    }
  }

  @Test func `code that gives way is not reported`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(threshold: .seconds(2), reports) {
      for _ in 0..<1000 { try await checkpoint() }
    }
    #expect(reports.count == 0)
  }

  @Test func `a loop that sleeps is not reported`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(threshold: .milliseconds(5), reports) { try await sleep(for: .milliseconds(50)) }
    #expect(reports.count == 0)
  }

  @Test func `without a watchdog nobody looks`() async throws {
    let isStuck = try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.watchdog = nil
      let runner = try Runner(configuration)
      defer { runner.close() }
      return try runner.run { WatchdogThread.looks(at: EventLoop.current) }
    }
    #expect(!isStuck)
  }

  @Test func `when the run has ended nobody looks any more`() async throws {
    let loop = try await onOwnThread {
      let runner = try Runner()
      defer { runner.close() }
      return try runner.run { EventLoop.current }
    }
    #expect(!WatchdogThread.looks(at: loop))
  }

  @Test func `what waits for a loop that is stuck is given to another`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(threads: 2, reports) {
      let others = Journal<ObjectIdentifier?>()
      // Of the two loops this one has all of them, and no turn in which it could give any.
      for _ in 0..<20 {
        Task.detached { others.note(EventLoop.current.map(ObjectIdentifier.init)) }
      }
      sleepUntil { others.count == 20 && reports.count > 0 }
      #expect(!others.entries.contains(EventLoop.current.map(ObjectIdentifier.init)))
    }
  }

  @Test func `and so is what becomes ready for it later`() async throws {
    let reports = Journal<BlockingReport>()
    try await run(threads: 2, reports) {
      let loop = try #require(EventLoop.current)
      sleepUntil { reports.count > 0 }
      let others = Journal<Void>()
      LoopThread.start(named: "test") {
        // A job that may run anywhere, put where only this loop would find it.
        let thread = ServingThread(pool: "test")
        thread.begin()
        thread.serve(loop) { _ = Task.detached { others.note(()) } }
        thread.end()
      }
      sleepUntil { others.count == 1 }
    }
  }
}

/// The line on which `sleepUntil` sleeps.
private let sleepLine = #line + 5

/// Blocks the thread.
@inline(never) private func sleepUntil(_ isOver: () -> Bool) {
  while !isOver() {
    usleep(5_000)
  }
}

/// Keeps the thread busy.
@inline(never) private func spinUntil(_ isOver: () -> Bool) {
  while !isOver() {
    for _ in 0..<1000 { spinCount.add(1, ordering: .relaxed) }
  }
}

private let spinCount = Atomic<Int>(0)
