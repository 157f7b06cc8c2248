import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIOCoordination

/// Whatever is cancelled, times out, breaks or cannot be made: nothing is lost, and each thing is destroyed once.
@Suite(.deadline(.seconds(60))) struct ResourcePoolStressTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `one loop, in many orders`(_ seed: UInt64) async throws {
    try await onVirtualLoop(seed: seed) { try await PoolStorm(seed: seed, tasks: 30, rounds: 20).rage() }
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `two loops`(_ seed: UInt64) async throws {
    try await onLoops(2) { try await PoolStorm(seed: seed, tasks: 30, rounds: 50).rage() }
  }

  @Test(arguments: 1...2 as ClosedRange<UInt64>)
  func `without a loop`(_ seed: UInt64) async throws {
    try await withoutLoop { try await PoolStorm(seed: seed, tasks: 30, rounds: 50).rage() }
  }
}

/// Tasks that use one pool in every way, and are cancelled and timed out at random.
private final class PoolStorm: Sendable {
  private let seed: UInt64
  private let tasks: Int
  private let rounds: Int
  private let maximum: Int
  private let workshop = Workshop(makingTime: .microseconds(20))
  private let numbers: Mutex<SeededNumbers>
  private let users = Mutex<Set<Int>>([])

  init(seed: UInt64, tasks: Int, rounds: Int) {
    (self.seed, self.tasks, self.rounds) = (seed, tasks, rounds)
    maximum = 1 + Int(seed % 4)
    numbers = Mutex(SeededNumbers(seed: seed))
  }

  private func chance(_ count: Int) -> Bool { numbers.withLock { $0.next(below: count) == 0 } }

  func rage() async throws {
    var configuration = ResourcePoolConfiguration(maximumSize: maximum, minimumIdle: Int(seed % 2))
    configuration.idleTimeout = .microseconds(100)
    configuration.maximumAge = .microseconds(500)
    configuration.ageJitter = 0.5
    configuration.checkAfterIdle = .microseconds(10)
    configuration.acquireTimeout = .milliseconds(2)
    configuration.reuse = seed % 3 == 0 ? .fifo : .lifo
    let pool = ResourcePool(
      configuration,
      create: { [self] in
        if chance(8) { throw TestFailure(0) }
        return try await workshop.make()
      },
      destroy: { [self] thing in
        await Task.yield()
        workshop.destroy(thing)
      },
      isUsable: { [self] thing in
        await Task.yield()
        return !chance(6)
      },
      isBroken: { [self] _ in chance(20) })
    let workers = (0..<tasks).map { number in
      Task { [self] in
        var numbers = SeededNumbers(seed: seed &* 1000 &+ UInt64(number))
        // What ends in a timeout, a cancellation or a failure has nothing, or has given it back.
        for _ in 0..<rounds { try? await step(pool, &numbers) }
      }
    }
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<tasks / 3 {
      for _ in 0..<numbers.next(below: 20) { await Task.yield() }
      workers[numbers.next(below: tasks)].cancel()
    }
    for worker in workers { await worker.value }
    try await check(pool)
  }

  private func step(_ pool: ResourcePool<Int>, _ numbers: inout SeededNumbers) async throws {
    let kind = numbers.next(below: 4)
    let time = Duration.microseconds(1 + numbers.next(below: 200))
    switch kind {
    case 0: try await withTimeout(time) { try await pool.withResource { await self.use($0) } }
    case 1:
      let pooled = try await pool.acquire()
      await use(pooled.resource)
      if numbers.next(below: 4) == 0 { pooled.discard() }
    case 2: try await pool.withResource { _ in try await sleep(for: time) }
    default: try await pool.withResource { await self.use($0) }
    }
  }

  private func use(_ thing: Int) async {
    #expect(users.withLock { $0.insert(thing).inserted }, "\(thing) is used by two")
    await Task.yield()
    users.withLock { _ = $0.remove(thing) }
  }

  private func check(_ pool: ResourcePool<Int>) async throws {
    #expect(pool.statistics.inUse == 0 && pool.statistics.waiting == 0)
    #expect(try await pool.close(grace: .seconds(5)) == 0)
    #expect(workshop.alive == 0)
    #expect(workshop.peak <= maximum)
    let destroyed = workshop.destroyed.entries
    #expect(destroyed.count == workshop.made && Set(destroyed).count == workshop.made)
    #expect(pool.statistics.created == workshop.made && pool.statistics.destroyed == workshop.made)
    #expect(workshop.made > 0)
  }
}
