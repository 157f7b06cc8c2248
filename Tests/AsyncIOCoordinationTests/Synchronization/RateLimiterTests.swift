import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct RateLimiterTests {
  @Test func `after a burst, they come one by one`() async throws {
    let limiter = RateLimiter(10, per: .seconds(1), burst: 3)
    let times = Journal<LoopClock.Instant>()
    for _ in 0..<6 {
      try await limiter.acquire()
      times.note(.now)
    }
    #expect(times.entries == [0, 0, 0, 100, 200, 300].map { .seconds(0).advanced(by: .milliseconds($0)) })
  }

  @Test func `by default all of a period may come at once`() async throws {
    let limiter = RateLimiter(5, per: .seconds(1))
    for _ in 0..<5 { #expect(limiter.tryAcquire()) }
    #expect(!limiter.tryAcquire())
    #expect(limiter.statistics == .init(available: 0, waiting: 0))
    try await sleep(for: .milliseconds(400))
    #expect(limiter.statistics == .init(available: 2, waiting: 0))
    #expect(limiter.tryAcquire(2))
    #expect(!limiter.tryAcquire())
    try await sleep(for: .seconds(100))
    #expect(limiter.statistics.available == 5, "no more than a burst is saved up")
  }  // aiolimiter: test_has_capacity

  @Test func `a burst of one spaces them evenly`() async throws {
    let limiter = RateLimiter(4, per: .seconds(1), burst: 1)
    for _ in 0..<9 { try await limiter.acquire() }
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `in the long run it is never faster than asked for`() async throws {
    let limiter = RateLimiter(3, per: .seconds(1), burst: 1)
    for _ in 0..<31 { try await limiter.acquire() }
    #expect(LoopClock.now >= .seconds(10))
    #expect(LoopClock.now < .seconds(11))
  }

  @Test func `they are served in order, whatever they ask for`() async throws {
    let limiter = RateLimiter(10, per: .seconds(1), burst: 5)
    let order = Journal<Int>()
    try await limiter.acquire(5)
    let tasks = [5, 1, 2].map { count in
      Task {
        try await limiter.acquire(count)
        order.note(count)
      }
    }
    await settle()
    #expect(limiter.statistics.waiting == 3)
    #expect(!limiter.tryAcquire())
    for task in tasks { try await task.value }
    #expect(order.entries == [5, 1, 2])
    #expect(LoopClock.now == .seconds(0).advanced(by: .milliseconds(800)))
    #expect(limiter.statistics.waiting == 0)
  }

  @Test func `who is cancelled takes nothing, and the next one waits for the rest of the time only`()
    async throws
  {
    let limiter = RateLimiter(1, per: .seconds(1))
    try await limiter.acquire()
    let first = Task { try await limiter.acquire() }
    let second = Task { try await limiter.acquire() }
    let third = Task { try await limiter.acquire() }
    try await sleep(for: .milliseconds(500))
    first.cancel()
    third.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    try await second.value
    #expect(LoopClock.now == .seconds(1))
    await #expect(throws: CancellationError.self) { try await third.value }
    try await limiter.acquire()
    #expect(LoopClock.now == .seconds(2))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `cancelled before, what is there is taken, and nothing is waited for`() async throws {
    let limiter = RateLimiter(1, per: .seconds(1))
    let task = Task {
      try await limiter.acquire()
      await #expect(throws: CancellationError.self) { try await limiter.acquire() }
    }
    task.cancel()
    try await task.value
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = RateLimiter(0, per: .seconds(1))
    }
    #expect(none.says("a rate limiter lets 1 or more happen in a period, not 0"))
    let much = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await RateLimiter(5, per: .seconds(1)).acquire(6)
    }
    #expect(much.says("a rate limiter with a burst of 5 gives 1 to 5 at once, not 6"))
    await #expect(processExitsWith: .failure) { _ = RateLimiter(1, per: .zero) }
    await #expect(processExitsWith: .failure) { _ = RateLimiter(1, per: .seconds(1), burst: 0) }
  }
}
