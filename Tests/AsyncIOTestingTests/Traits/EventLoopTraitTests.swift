import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

/// Real seconds since some moment.
private func realTime() -> Duration {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

@Suite(.virtualTime) struct EventLoopTraitTests {
  @Test func `the language's own sleep takes no real time`() async throws {
    let (start, realStart) = (LoopClock.now, realTime())
    try await Task.sleep(for: .seconds(3600))
    try await Task.sleep(nanoseconds: 60_000_000_000)
    try await Task.sleep(until: .now + .seconds(60), clock: .continuous)
    try await Task.sleep(until: .now + .seconds(60), clock: .suspending)
    #expect(start.duration(to: .now) == .seconds(3780))
    #expect(realTime() - realStart < .seconds(60))
  }

  @Test func `our own sleep takes no real time`() async throws {
    let start = LoopClock.now
    try await sleep(for: .seconds(86_400))
    try await LoopClock().sleep(for: .milliseconds(1))
    #expect(start.duration(to: .now) == .seconds(86_400) + .milliseconds(1))
  }

  @Test func `every kind of task runs on the test's loop`() async throws {
    let loop = try #require(EventLoop.current)
    #expect(await Task { EventLoop.current === loop }.value)
    #expect(await Task.detached { EventLoop.current === loop }.value)
    async let child = EventLoop.current === loop
    #expect(await child)
    let all = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<3 { group.addTask { EventLoop.current === loop } }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(all)
    #expect(await Counter().isOn(loop))
    try await Task { try await Task.sleep(for: .seconds(1)) }.value
    #expect(loop.isCurrent)
  }

  @Test func `tasks sleep beside each other`() async throws {
    let order = Journal<Int>()
    let start = LoopClock.now
    await withTaskGroup(of: Void.self) { group in
      for second in [3, 1, 2] {
        group.addTask {
          try? await Task.sleep(for: .seconds(second))
          order.note(second)
        }
      }
    }
    #expect(order.entries == [1, 2, 3])
    #expect(start.duration(to: .now) == .seconds(3))
  }

  @Test(arguments: [1, 2]) func `each case has a loop of its own`(_ number: Int) async throws {
    #expect(LoopClock.now == LoopClock.Instant(nanoseconds: 0))
    try await sleep(for: .seconds(number))
  }

  @Test func `a function that is not async is on the loop`() {
    #expect(EventLoop.current != nil)
  }

  @Test(.deadline(.seconds(5))) func `another trait adds to the suite's`() async throws {
    let realStart = realTime()
    try await sleep(for: .seconds(3600))
    #expect(realTime() - realStart < .seconds(60))
  }

  @Test(.realTime) func `a test's own trait has the last word`() async throws {
    #expect(LoopClock.now > LoopClock.Instant(nanoseconds: 1))
  }

  @MainActor @Test func `a test of the main actor comes and goes`() async throws {
    MainActor.assertIsolated()
    try await Task.sleep(for: .seconds(1))
    MainActor.assertIsolated()
  }

  @Test func `tasks that are left do not hold up the end`() async {
    Task { try await Task.sleep(for: .seconds(1_000_000)) }
    Task { while !Task.isCancelled { await Task.yield() } }
  }

  private actor Counter {
    func isOn(_ loop: EventLoop) -> Bool { EventLoop.current === loop }
  }
}

/// What a test says that cannot end; the outer trait takes the issues away, and wants them to have been there.
struct FailingTests {
  @Test(.expectsIssue("deadlock: nothing can run"), .virtualTime)
  func `a deadlock fails the test`() async {
    unsafe await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
  }

  @Test(.expectsIssue("longer than its deadline of 0.3 seconds"), .virtualTime, .deadline(.milliseconds(300)))
  func `a test that is busy for ever is abandoned`() {
    while true { usleep(1000) }
  }

  @Test(.expectsIssue("longer than its deadline of 0.3 seconds"), .deadline(.milliseconds(300)))
  func `a test that waits for ever has a deadline`() async throws {
    try await sleep(for: .seconds(1000))
  }
}

/// Takes away the issues of a test that must fail.
private struct ExpectsIssue: TestTrait, TestScoping {
  let text: String

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await withKnownIssue {
      try await function()
    } matching: { issue in
      issue.comments.contains {
        $0.rawValue.contains(text) || $0.rawValue.contains("was abandoned")
      }
    }
  }
}

extension Trait where Self == ExpectsIssue {
  fileprivate static func expectsIssue(_ text: String) -> Self { ExpectsIssue(text: text) }
}
