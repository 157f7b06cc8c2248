import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct ResourcePoolClosingTests {
  private let workshop = Workshop(makingTime: .seconds(1))

  @Test func `closed, it gives nothing more, and waits for what is in use`() async throws {
    let pool = workshop.pool(1)
    let user = Task { try await pool.withResource { _ in try await sleep(for: .seconds(10)) } }
    try await sleep(for: .seconds(2))
    let waiting = Task { try await pool.withResource { _ in } }
    await settle()
    let closers = (0..<2).map { _ in Task { try await pool.close() } }
    await settle()
    let error = await #expect(throws: ResourcePoolError.self) { try await waiting.value }
    #expect(error?.code == .closed)
    #expect(error?.description == "the pool was closed: it gives no more resources")
    await #expect(throws: ResourcePoolError.self) { try await pool.withResource { _ in } }
    #expect(pool.isClosed)
    #expect(workshop.alive == 1)
    for closer in closers { #expect(try await closer.value == 0) }
    #expect(workshop.alive == 0)
    #expect(LoopClock.now == .seconds(11))
    try await user.value
    #expect(try await pool.close() == 0, "again is allowed")
  }

  @Test func `after the grace it waits no longer, and what comes back then is destroyed`() async throws {
    let pool = workshop.pool(2)
    let user = Task { try await pool.withResource { _ in try await sleep(for: .seconds(60)) } }
    try await sleep(for: .seconds(2))
    #expect(try await pool.close(grace: .seconds(5)) == 1)
    #expect(LoopClock.now == .seconds(7))
    try await user.value
    await settle()
    #expect(workshop.alive == 0)
    #expect(pool.statistics.size == 0)
  }

  @Test func `creations under way are cancelled`() async throws {
    let pool = workshop.pool(2)
    let waiting = Task { try await pool.withResource { _ in } }
    try await sleep(for: .milliseconds(500))
    #expect(try await pool.close() == 0)
    #expect(LoopClock.now == .milliseconds(500))
    await #expect(throws: ResourcePoolError.self) { try await waiting.value }
    #expect(workshop.made == 0)
  }

  @Test func `what is created in spite of that is destroyed`() async throws {
    let workshop = workshop
    let pool = ResourcePool(
      create: {
        await sleepUncancelled(for: .seconds(5))
        return try await workshop.make()
      }, destroy: { workshop.destroy($0) })
    let waiting = Task { try await withTimeout(.seconds(1)) { try await pool.withResource { _ in } } }
    await settle()
    #expect(try await pool.close() == 0)
    _ = await waiting.result
    #expect(workshop.alive == 0)
    #expect(pool.statistics.size == 0)
  }

  @Test func `cancelled while it waits, it stays closed`() async throws {
    let pool = workshop.pool(1)
    let holder = try await pool.acquire()
    let closer = Task { try await pool.close() }
    await settle()
    closer.cancel()
    await #expect(throws: CancellationError.self) { try await closer.value }
    #expect(pool.isClosed)
    holder.release()
    #expect(try await pool.close() == 0)
    #expect(workshop.destroyed.entries == [1])
  }

  @Test func `one that was handed over just before is used, and destroyed when it comes back`() async throws {
    let pool = workshop.pool(1)
    let holder = try await pool.acquire()
    let next = Task { try await pool.withResource { $0 } }
    await settle()
    holder.release()
    let closer = Task { try await pool.close() }
    #expect(try await next.value == 1)
    #expect(try await closer.value == 0)
    #expect(workshop.alive == 0)
  }

  @Test func `as a resource it is opened and closed`() async throws {
    try await withResource(workshop.pool(3, minimumIdle: 2)) { pool in
      _ = try await gather(0..<5) { _ in try await pool.withResource { $0 } }
      #expect(!pool.isClosed)
    }
    #expect(workshop.alive == 0)
    workshop.fail(1)
    let pool = workshop.pool(1)
    await #expect(throws: TestFailure(0)) { try await withResource(pool) { _ in } }
    #expect(pool.isClosed)
  }

  @Test func `a pool that goes away destroys what is idle`() async throws {
    do {
      let pool = workshop.pool(2)
      let one = try await pool.acquire()
      let other = try await pool.acquire()
      one.release()
      other.release()
    }
    await settle()
    #expect(workshop.made == 2)
    #expect(workshop.alive == 0)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `an error of a destruction is reported, and the pool goes on`() async throws {
    UnhandledReports.begin()
    struct Lost: Error {}
    let pool = ResourcePool(
      ResourcePoolConfiguration(maximumSize: 1), create: { 1 }, destroy: { _ in throw Lost() })
    try await pool.acquire().discard()
    try await pool.withResource { _ in }
    #expect(try await pool.close() == 0)
    #expect(UnhandledReports.all { $0 is Lost }.count == 2)
  }
}
