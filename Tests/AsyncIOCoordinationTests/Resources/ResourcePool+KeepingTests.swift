import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// How long resources are kept, and how they are looked after.
@Suite(.virtualTime) struct ResourcePoolKeepingTests {
  private let workshop = Workshop()

  private func configuration(
    _ maximumSize: Int, minimumIdle: Int = 0, _ change: (inout ResourcePoolConfiguration) -> Void
  ) -> ResourcePoolConfiguration {
    var configuration = ResourcePoolConfiguration(maximumSize: maximumSize, minimumIdle: minimumIdle)
    change(&configuration)
    return configuration
  }

  private func use(_ pool: ResourcePool<Int>, _ count: Int) async throws {
    _ = try await gather(0..<count) { _ in
      try await pool.withResource { _ in try await sleep(for: .seconds(1)) }
    }
  }

  @Test func `what is idle for too long is destroyed, by itself`() async throws {
    let pool = workshop.pool(configuration(3) { $0.idleTimeout = .seconds(60) })
    try await use(pool, 3)
    try await sleep(for: .seconds(59))
    #expect(workshop.alive == 3)
    try await sleep(for: .seconds(2))
    #expect(workshop.alive == 0)
    #expect(EventLoop.current?.timerCount == 0, "nothing is left to watch")
    #expect(try await pool.withResource { $0 } == 4)
    try await pool.close()
  }  // asyncpg: max_inactive_connection_lifetime

  @Test func `the last that were used stay, the others go`() async throws {
    let pool = workshop.pool(configuration(3) { $0.idleTimeout = .seconds(60) })
    try await use(pool, 3)
    for _ in 0..<5 {
      try await sleep(for: .seconds(20))
      try await pool.withResource { _ in }
    }
    #expect(workshop.alive == 1)
    try await pool.close()
  }

  @Test func `as many as asked for are kept idle`() async throws {
    let pool = workshop.pool(configuration(5, minimumIdle: 2) { $0.idleTimeout = .seconds(60) })
    _ = try await pool.open()
    await settle()
    #expect(pool.statistics.idle == 3, "and one for whoever has opened it")
    try await pool.withResource { _ in
      await settle()
      #expect(pool.statistics.idle == 2)
    }
    #expect(pool.statistics.idle == 3)
    try await sleep(for: .seconds(600))
    #expect(pool.statistics.idle == 2)
    #expect(pool.statistics.created == 3)
    try await pool.close()
    #expect(workshop.alive == 0)
  }  // HikariCP: minimumIdle

  @Test func `the maximum holds for those that are kept idle, too`() async throws {
    let pool = workshop.pool(configuration(2, minimumIdle: 2) { _ in })
    try await use(pool, 4)
    #expect(workshop.peak == 2)
    try await pool.close()
  }

  @Test func `one that cannot be created to be kept is tried again after a pause`() async throws {
    let pool = workshop.pool(configuration(5, minimumIdle: 1) { _ in })
    _ = try await pool.open()
    await settle()
    workshop.fail(3)
    let one = try await pool.acquire()
    let other = try await pool.acquire()
    await settle()
    #expect(pool.statistics.failedCreations == 1)
    try await sleep(for: .milliseconds(3500))
    #expect(pool.statistics.failedCreations == 3)
    #expect(pool.statistics.idle == 1)
    one.release()
    other.release()
    try await pool.close()
  }

  @Test func `what is too old is destroyed, when nobody uses it`() async throws {
    let pool = workshop.pool(
      configuration(1) {
        $0.maximumAge = .seconds(100)
        $0.ageJitter = 0
      })
    try await pool.withResource { _ in try await sleep(for: .seconds(150)) }
    await settle()
    #expect(workshop.destroyed.entries == [1])
    #expect(try await pool.withResource { $0 } == 2)
    try await sleep(for: .seconds(99))
    #expect(workshop.alive == 1)
    try await sleep(for: .seconds(2))
    #expect(workshop.alive == 0)
    try await pool.close()
  }  // HikariCP: maxLifetime

  @Test func `those that were created together do not go together`() async throws {
    let pool = workshop.pool(
      configuration(20) {
        $0.maximumAge = .seconds(100)
        $0.ageJitter = 0.5
        $0.idleTimeout = nil
      })
    try await use(pool, 20)
    let start = LoopClock.now
    var times: [Int] = []
    while workshop.alive > 0 {
      let before = workshop.alive
      try await sleep(for: .seconds(1))
      if workshop.alive < before { times.append(Int(start.duration(to: .now) / .seconds(1))) }
    }
    #expect(times.count > 10)
    #expect(times.allSatisfy { (48...101).contains($0) })
    try await pool.close()
  }

  @Test func `one that was idle for a while is checked, and replaced if it is of no use`() async throws {
    let pool = workshop.pool(configuration(3) { $0.checkAfterIdle = .seconds(10) }, checks: true)
    try await pool.withResource { _ in }
    try await pool.withResource { _ in }
    #expect(workshop.checked.entries == [])
    try await sleep(for: .seconds(20))
    #expect(try await pool.withResource { $0 } == 1)
    #expect(workshop.checked.entries == [1])
    workshop.breakDown(1)
    try await sleep(for: .seconds(20))
    #expect(try await pool.withResource { $0 } == 2)
    await settle()
    #expect(workshop.destroyed.entries == [1])
    try await pool.close()
  }

  @Test func `or each time; a new one is not`() async throws {
    let pool = workshop.pool(configuration(1) { $0.checkAfterIdle = .zero }, checks: true)
    for _ in 0..<3 { try await pool.withResource { _ in } }
    #expect(workshop.checked.entries == [1, 1])
    let holder = try await pool.acquire()
    let task = Task { try await pool.withResource { $0 } }
    await settle()
    holder.release()
    _ = try await task.value
    #expect(workshop.checked.count == 4, "one that was handed over, too")
    try await pool.close()
  }  // bb8: test_on_check_out

  @Test func `who gets one that is of no use keeps its place in the line`() async throws {
    let pool = workshop.pool(configuration(1) { $0.checkAfterIdle = .zero }, checks: true)
    let order = Journal<String>()
    let holder = try await pool.acquire()
    workshop.breakDown(1)
    let tasks = ["a", "b", "c"].map { name in
      Task { try await pool.withResource { order.note("\(name)\($0)") } }
    }
    await settle()
    holder.release()
    for task in tasks { try await task.value }
    #expect(order.entries == ["a2", "b2", "c2"])
    try await pool.close()
  }

  @Test(arguments: [false, true])
  func `a check that throws or hangs means that it is of no use`(_ hangs: Bool) async throws {
    let workshop = workshop
    let pool = ResourcePool(
      configuration(1) {
        $0.acquireTimeout = .seconds(5)
        $0.checkAfterIdle = .zero
      }, create: { try await workshop.make() }, destroy: { workshop.destroy($0) },
      isUsable: { _ in
        if hangs { try await sleep(for: .seconds(60)) }
        throw TestFailure(1)
      })
    try await pool.withResource { _ in }
    if hangs {
      let error = await #expect(throws: ResourcePoolError.self) { try await pool.withResource { _ in } }
      #expect(error?.code == .timedOut)
    } else {
      #expect(try await pool.withResource { $0 } == 2)
    }
    await settle()
    #expect(workshop.destroyed.entries == [1])
    #expect(pool.statistics.inUse == 0)
    try await pool.close()
  }

  @Test func `cancelled while it is checked, it is destroyed`() async throws {
    let workshop = workshop
    let pool = ResourcePool(
      configuration(1) { $0.checkAfterIdle = .zero }, create: { try await workshop.make() },
      destroy: { workshop.destroy($0) },
      isUsable: { _ in
        try await sleep(for: .seconds(1))
        return true
      })
    try await pool.withResource { _ in }
    let task = Task { try await pool.withResource { _ in } }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await settle()
    #expect(workshop.destroyed.entries == [1])
    #expect(pool.statistics.size == 0)
    try await pool.close()
  }
}
