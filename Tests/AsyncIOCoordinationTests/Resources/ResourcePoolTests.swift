import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct ResourcePoolTests {
  private let workshop = Workshop()

  @Test func `a resource is created when it is needed, and used again`() async throws {
    let pool = workshop.pool(3)
    #expect(workshop.made == 0)
    for _ in 0..<5 { #expect(try await pool.withResource { $0 } == 1) }
    #expect(pool.statistics.idle == 1 && pool.statistics.size == 1)
    #expect(try await pool.close() == 0)
    #expect(workshop.alive == 0)
  }

  @Test func `no more than the maximum are in use, or there at all`() async throws {
    let pool = workshop.pool(3)
    let gauge = Gauge()
    _ = try await gather(0..<20) { _ in
      try await pool.withResource { _ in try await gauge.inside { try await sleep(for: .seconds(1)) } }
    }
    #expect(gauge.peak == 3)
    #expect(workshop.peak == 3)
    #expect(LoopClock.now == .seconds(7))
    #expect(pool.statistics.created == 3)
    try await pool.close()
  }

  @Test func `tasks are served in the order in which they came`() async throws {
    let pool = workshop.pool(1)
    let order = Journal<Int>()
    let first = try await pool.acquire()
    let tasks = (1...4).map { number in Task { try await pool.withResource { _ in order.note(number) } } }
    await settle()
    #expect(pool.statistics.waiting == 4)
    first.release()
    #expect(pool.statistics.idle == 0, "it was handed over")
    for task in tasks { try await task.value }
    #expect(order.entries == [1, 2, 3, 4])
    try await pool.close()
  }

  @Test func `one that comes in between does not overtake`() async throws {
    let pool = workshop.pool(1)
    let order = Journal<String>()
    let first = try await pool.acquire()
    let waiting = Task { try await pool.withResource { _ in order.note("waiting") } }
    await settle()
    first.release()
    try await pool.withResource { _ in order.note("late") }
    try await waiting.value
    #expect(order.entries == ["waiting", "late"])
    try await pool.close()
  }

  @Test(arguments: [ResourcePoolConfiguration.Reuse.lifo, .fifo])
  func `the one that was used last comes first, or the one that was idle longest`(
    _ reuse: ResourcePoolConfiguration.Reuse
  ) async throws {
    var configuration = ResourcePoolConfiguration(maximumSize: 3)
    configuration.reuse = reuse
    let pool = workshop.pool(configuration)
    do {
      let one = try await pool.acquire()
      let two = try await pool.acquire()
      let three = try await pool.acquire()
      one.release()
      two.release()
      three.release()
    }
    let expected = reuse == .lifo ? 3 : 1
    #expect(try await pool.withResource { $0 } == expected)
    #expect(try await pool.withResource { $0 } == (reuse == .lifo ? 3 : 2))
    try await pool.close()
  }

  @Test func `a body that throws gives its resource back`() async throws {
    let pool = workshop.pool(1)
    await #expect(throws: TestFailure(1)) { try await pool.withResource { _ in throw TestFailure(1) } }
    #expect(try await pool.withResource { $0 } == 1)
    try await pool.close()
  }

  @Test func `one that is discarded is destroyed, and another takes its place`() async throws {
    let pool = workshop.pool(1)
    let first = try await pool.acquire()
    let next = Task { try await pool.withResource { $0 } }
    await settle()
    first.discard()
    #expect(try await next.value == 2)
    #expect(workshop.destroyed.entries == [1])
    #expect(workshop.peak == 1, "first the one is destroyed, then the other is created")
    try await pool.close()
  }

  @Test func `one that comes back broken is destroyed`() async throws {
    let workshop = workshop
    let pool = ResourcePool(
      create: { try await workshop.make() }, destroy: { workshop.destroy($0) }, isBroken: { $0 % 2 == 1 })
    for expected in [1, 2, 2] { #expect(try await pool.withResource { $0 } == expected) }
    await settle()
    #expect(workshop.destroyed.entries == [1])
    try await pool.close()
  }  // bb8: has_broken

  @Test func `a handle that goes away gives its resource back`() async throws {
    let pool = workshop.pool(1)
    func use() async throws -> Int {
      let pooled = try await pool.acquire()
      return pooled.resource
    }
    #expect(try await use() == 1)
    #expect(try await use() == 1)
    #expect(pool.statistics.inUse == 0)
    try await pool.close()
  }

  @Test func `a creation that fails is the error of who waits longest, and the next has a turn`() async throws
  {
    let pool = workshop.pool(1)
    workshop.fail(2)
    let tasks = (0..<4).map { _ in Task { try await pool.withResource { $0 } } }
    await #expect(throws: TestFailure(0)) { try await tasks[0].value }
    await #expect(throws: TestFailure(0)) { try await tasks[1].value }
    #expect(try await tasks[2].value == 1)
    #expect(try await tasks[3].value == 1)
    #expect(pool.statistics.failedCreations == 2)
    try await pool.close()
  }

  @Test func `so many are created at the same time, and no more`() async throws {
    let workshop = Workshop(makingTime: .seconds(1))
    var configuration = ResourcePoolConfiguration(maximumSize: 10)
    configuration.maximumCreations = 2
    let pool = workshop.pool(configuration)
    _ = try await gather(0..<6) { _ in
      try await pool.withResource { _ in try await sleep(for: .seconds(60)) }
    }
    #expect(workshop.making.peak == 2)
    #expect(workshop.made == 6)
    #expect(LoopClock.now == .seconds(63))
    try await pool.close()
  }

  @Test
  func `one that comes back serves who waits before a creation does, and what is not needed is not made`()
    async throws
  {
    let workshop = Workshop(makingTime: .seconds(1))
    var configuration = ResourcePoolConfiguration(maximumSize: 10)
    configuration.maximumCreations = 1
    let pool = workshop.pool(configuration)
    let first = try await pool.acquire()
    let tasks = (0..<5).map { _ in Task { try await pool.withResource { $0 } } }
    await settle()
    #expect(pool.statistics.creating == 5)
    first.release()
    for task in tasks { #expect(try await task.value == 1) }
    try await sleep(for: .seconds(10))
    #expect(workshop.made == 2, "one was under way")
    try await pool.close()
  }

  @Test func `the statistics count`() async throws {
    let pool = workshop.pool(2)
    let first = try await pool.acquire()
    let second = try await pool.acquire()
    let waiting = Task { try await pool.withResource { $0 } }
    await settle()
    #expect(
      pool.statistics
        == .init(
          maximumSize: 2, idle: 0, inUse: 2, creating: 0, destroying: 0, waiting: 1, created: 2, destroyed: 0,
          failedCreations: 0, timeouts: 0))
    first.discard()
    second.release()
    #expect(pool.statistics.destroying == 1)
    _ = try await waiting.value
    #expect(pool.statistics.destroyed == 1)
    #expect(pool.statistics.size == 1)
    try await pool.close()
  }  // asyncpg: get_size, get_idle_size

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ResourcePool(ResourcePoolConfiguration(maximumSize: 0), create: { 1 }, destroy: { _ in })
    }
    #expect(none.says("a pool has room for 1 resource or more, not 0"))
    let idle = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ResourcePool(
        ResourcePoolConfiguration(maximumSize: 2, minimumIdle: 3), create: { 1 }, destroy: { _ in })
    }
    #expect(idle.says("a pool of 2 keeps 0 to 2 idle, not 3"))
  }
}
