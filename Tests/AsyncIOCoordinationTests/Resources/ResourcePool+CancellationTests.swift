import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// Who is cancelled or gives up has nothing, and nothing is lost.
@Suite(.virtualTime) struct ResourcePoolCancellationTests {
  private let workshop = Workshop(makingTime: .seconds(1))

  private func limited(_ timeout: Duration?) -> ResourcePool<Int> {
    var configuration = ResourcePoolConfiguration(maximumSize: 1)
    configuration.acquireTimeout = timeout
    configuration.maximumAge = nil
    return workshop.pool(configuration)
  }

  @Test func `cancelled before it waits, it throws, unless one is idle`() async throws {
    let pool = workshop.pool(1)
    try await pool.withResource { _ in }
    let task = Task {
      try await pool.withResource { _ in
        _ = await #expect(throws: CancellationError.self) { try await pool.withResource { _ in } }
      }
    }
    task.cancel()
    try await task.value
    #expect(pool.statistics.idle == 1 && pool.statistics.waiting == 0)
    try await pool.close()
  }

  @Test func `cancelled while it waits, it leaves, and what is created for it is there for others`()
    async throws
  {
    let pool = workshop.pool(2)
    let task = Task { try await pool.withResource { _ in Issue.record("it was cancelled") } }
    await settle()
    #expect(pool.statistics.creating == 1 && pool.statistics.waiting == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(pool.statistics.waiting == 0)
    try await sleep(for: .seconds(5))
    #expect(pool.statistics.idle == 1)
    try await pool.close()
  }

  @Test(arguments: [false, true])
  func `cancelled at the instant of the hand-over, the next one has it`(_ isReleasedFirst: Bool) async throws
  {
    let pool = workshop.pool(1)
    let holder = try await pool.acquire()
    let first = Task { try await pool.withResource { _ in Issue.record("it was cancelled") } }
    await settle()
    let second = Task { try await pool.withResource { $0 } }
    await settle()
    if isReleasedFirst {
      holder.release()
      first.cancel()
    } else {
      first.cancel()
      holder.release()
    }
    await #expect(throws: CancellationError.self) { try await first.value }
    #expect(try await second.value == 1)
    #expect(pool.statistics.inUse == 0)
    try await pool.close()
  }

  @Test func `cancelled in the body, the resource goes back`() async throws {
    let pool = workshop.pool(1)
    let task = Task { try await pool.withResource { _ in try await sleep(for: .seconds(60)) } }
    try await sleep(for: .seconds(2))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await pool.withResource { $0 } == 1)
    try await pool.close()
  }

  @Test func `a task that waits for too long is told how many are in use`() async throws {
    let pool = limited(.seconds(5))
    let holder = try await pool.acquire()
    let others = Task { try await pool.withResource { _ in } }
    try await sleep(for: .seconds(1))
    let start = LoopClock.now
    let error = await #expect(throws: ResourcePoolError.self) { try await pool.withResource { _ in } }
    #expect(start.duration(to: .now) == .seconds(5))
    #expect(error?.code == .timedOut)
    #expect(
      error?.description
        == "no resource of the pool came free in time: 1 of 1 are in use, 0 are being created, 0 others wait; release them sooner or raise maximumSize"
    )
    #expect(error?.statistics.inUse == 1)
    await #expect(throws: ResourcePoolError.self) { try await others.value }
    #expect(pool.statistics.timeouts == 2 && pool.statistics.waiting == 0)
    holder.release()
    try await pool.withResource { _ in }
    #expect(EventLoop.current?.timerCount == 1, "the idle time's")
    try await pool.close()
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `a timeout tells the last error of a creation`() async throws {
    let pool = limited(.milliseconds(1500))
    workshop.fail(1)
    let tasks = (0..<2).map { _ in Task { try await pool.withResource { _ in } } }
    await #expect(throws: TestFailure(0)) { try await tasks[0].value }
    let error = await #expect(throws: ResourcePoolError.self) { try await tasks[1].value }
    #expect(error?.cause is TestFailure)
    #expect(error?.description.hasSuffix("the last creation failed: TestFailure(number: 0)") == true)
    try await pool.close()
  }

  @Test func `at the instant of the timeout one of the two decides`() async throws {
    let pool = limited(.seconds(5))
    let holder = try await pool.acquire()
    let task = Task { try await pool.withResource { $0 } }
    try await sleep(for: .seconds(5))
    holder.release()
    let isServed = (try? await task.value) != nil
    #expect(pool.statistics.timeouts == (isServed ? 0 : 1))
    #expect(pool.statistics.idle == 1 && pool.statistics.inUse == 0)
    try await pool.close()
  }

  @Test func `without a timeout it waits for ever`() async throws {
    let pool = limited(nil)
    let holder = try await pool.acquire()
    let task = Task { try await pool.withResource { $0 } }
    try await sleep(for: .seconds(1_000_000))
    holder.release()
    #expect(try await task.value == 1)
    try await pool.close()
  }

  @Test func `a timeout around it is a TimeoutError`() async throws {
    let pool = workshop.pool(1)
    try await pool.withResource { _ in
      _ = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await pool.withResource { _ in } }
      }
    }
    #expect(pool.statistics.waiting == 0)
    try await pool.close()
  }
}
