import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct CapacityLimiterTests {
  @Test func `as many are inside as there are tokens`() async throws {
    let limiter = CapacityLimiter(total: 2)
    let gauge = Gauge()
    _ = try await gather(0..<10) { _ in
      try await limiter.withToken { try await gauge.inside { try await sleep(for: .seconds(1)) } }
    }
    #expect(gauge.peak == 2)
    #expect(LoopClock.now == .seconds(5))
    #expect(limiter.statistics == .init(total: 2, borrowed: 0, waiting: 0))
  }  // anyio: TestCapacityLimiter.test_limit

  @Test func `tokens are lent in the order in which tasks came`() async throws {
    let limiter = CapacityLimiter(total: 1)
    let order = Journal<Int>()
    try await limiter.acquire()
    let tasks = (0..<3).map { number in
      Task { try await limiter.withToken { order.note(number) } }
    }
    await settle()
    #expect(limiter.statistics == .init(total: 1, borrowed: 1, waiting: 3))
    #expect(limiter.statistics.available == 0)
    limiter.release()
    #expect(!limiter.tryAcquire(), "it was handed over")
    for task in tasks { try await task.value }
    #expect(order.entries == [0, 1, 2])
  }

  @Test func `when the total grows, those who wait have the new tokens`() async throws {
    let limiter = CapacityLimiter(total: 1)
    let gauge = Gauge()
    let tasks = (0..<5).map { _ in
      Task { try await limiter.withToken { try await gauge.inside { try await sleep(for: .seconds(1)) } } }
    }
    await settle()
    #expect(gauge.current == 1)
    limiter.total = 3
    await settle()
    #expect(gauge.current == 3)
    limiter.total = nil
    await settle()
    #expect(gauge.current == 5)
    #expect(limiter.statistics.available == nil)
    for task in tasks { try await task.value }
  }  // anyio: TestCapacityLimiter.test_increase_tokens

  @Test func `when the total shrinks, nobody loses a token, and nobody gets one until enough came back`()
    async throws
  {
    let limiter = CapacityLimiter(total: 3)
    for name in ["a", "b", "c"] { try await limiter.acquire(onBehalfOf: name) }
    limiter.total = 1
    #expect(limiter.statistics == .init(total: 1, borrowed: 3, waiting: 0))
    #expect(limiter.statistics.available == 0)
    let task = Task { try await limiter.acquire() }
    await settle()
    limiter.release(onBehalfOf: "a")
    limiter.release(onBehalfOf: "b")
    await settle()
    #expect(limiter.statistics == .init(total: 1, borrowed: 1, waiting: 1))
    limiter.release(onBehalfOf: "c")
    try await task.value
    #expect(limiter.statistics == .init(total: 1, borrowed: 1, waiting: 0))
  }  // anyio: TestCapacityLimiter.test_current_default_thread_limiter

  @Test func `a token may be borrowed in the name of something else, and given back by anybody`() async throws
  {
    let limiter = CapacityLimiter(total: 2)
    try await limiter.acquire(onBehalfOf: 1)
    #expect(limiter.tryAcquire(onBehalfOf: 2))
    #expect(!limiter.tryAcquire(onBehalfOf: 3))
    await Task { limiter.release(onBehalfOf: 1) }.value
    #expect(limiter.tryAcquire(onBehalfOf: 3))
  }  // anyio: TestCapacityLimiter.test_acquire_nowait_on_behalf_of

  @Test func `cancelled before it waits and while it waits, it throws and leaves`() async throws {
    let limiter = CapacityLimiter(total: 1)
    try await limiter.acquire()
    for waitsFirst in [false, true] {
      let task = Task { try await limiter.acquire() }
      if waitsFirst { await settle() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    #expect(limiter.statistics == .init(total: 1, borrowed: 1, waiting: 0))
  }

  @Test(arguments: [false, true])
  func `cancelled at the instant of the hand-over, the next one has the token`(_ isReleasedFirst: Bool)
    async throws
  {
    let limiter = CapacityLimiter(total: 1)
    try await limiter.acquire()
    let first = Task { try await limiter.acquire() }
    await settle()
    let second = Task { try await limiter.acquire() }
    await settle()
    if isReleasedFirst { limiter.release() }
    first.cancel()
    if !isReleasedFirst { limiter.release() }
    await #expect(throws: CancellationError.self) { try await first.value }
    try await second.value
    #expect(limiter.statistics == .init(total: 1, borrowed: 1, waiting: 0))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let limiter = CapacityLimiter(total: 2)
      try await limiter.acquire()
      try await limiter.acquire()
    }
    #expect(twice.says("has a token of the limiter already, and would wait for itself"))
    let never = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      CapacityLimiter(total: 2).release(onBehalfOf: "somebody")
    }
    #expect(never.says("somebody gave a token of the limiter back that it had not borrowed"))
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = CapacityLimiter(total: 0)
    }
    #expect(none.says("a capacity limiter has 1 token or more, not 0"))
  }  // anyio: TestCapacityLimiter.test_borrow_twice, test_bad_release, test_bad_init_value
}
