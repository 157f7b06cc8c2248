import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@Suite(.postgres, .realTime, .deadline(.seconds(60))) struct DistributedTests {
  private func withPool(_ size: Int = 10, _ body: (PostgresPool) async throws -> Void) async throws {
    let pool = PostgresPool(Server.address ?? "", ResourcePoolConfiguration(maximumSize: size))
    try await body(pool)
    #expect(try await pool.close(grace: .seconds(5)) == 0)
  }

  @Test func `no more are in than there are permits, over several pools`() async throws {
    try await withPool { one in
      try await withPool { other in
        let semaphores = [one, other].map { PostgresSemaphore($0, name: "several", permits: 3) }
        let inside = Mutex((now: 0, most: 0))
        _ = try await gather(0..<40, limit: 16) { number in
          try await semaphores[number % 2].withPermit {
            inside.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            try await sleep(for: .milliseconds(3))
            inside.withLock { $0.now -= 1 }
          }
        }
        let (now, most) = inside.withLock { $0 }
        #expect(now == 0 && most == 3)
      }
    }
  }

  @Test func `a release wakes who waits, and a cancelled wait leaves no permit behind`() async throws {
    try await withPool { pool in
      let semaphore = PostgresSemaphore(pool, name: "woken", permits: 1, retryInterval: .seconds(1000))
      let waits = AsyncEvent()
      let isOver = AsyncEvent()
      let holder = createTask {
        try await semaphore.withPermit {
          waits.set()
          try await isOver.wait()
        }
      }
      try await waits.wait()
      let refused = try await semaphore.tryWithPermit { 1 }
      #expect(refused == nil)
      let impatient = try await withTimeoutOrNil(.milliseconds(50)) { try await semaphore.withPermit { 1 } }
      #expect(impatient == nil)
      let patient = createTask { try await semaphore.withPermit { 2 } }
      try await sleep(for: .milliseconds(30))
      isOver.set()
      #expect(try await patient.value == 2)
      try await holder.value
      let free = try await semaphore.tryWithPermit { 3 }
      #expect(free == 3)
    }
  }

  @Test func `a permit is free again when its holder's connection is lost`() async throws {
    try await withPool { pool in
      try await withConnection { other in
        let semaphore = PostgresSemaphore(pool, name: "lost", permits: 1, retryInterval: .milliseconds(20))
        let waits = AsyncEvent()
        let holder = createTask {
          try await semaphore.withPermit {
            waits.set()
            try await sleep(for: .seconds(1000))
          }
        }
        try await waits.wait()
        try await other.execute(
          """
          SELECT pg_terminate_backend(pid) FROM pg_locks
          WHERE locktype = 'advisory' AND classid::int8 = hashtext('asyncio semaphore lost')::int8 & 4294967295
          """)
        let value = try await semaphore.withPermit { 1 }
        #expect(value == 1)
        holder.cancel()
        await #expect(throws: (any Error).self) { try await holder.value }
      }
    }
  }

  @Test func `a rate is kept by all together`() async throws {
    try await withPool { pool in
      let name = "rate of \(getpid())"
      let first = try await PostgresRateLimiter(pool, name: name, 100, per: .seconds(1), burst: 5)
      let second = try await PostgresRateLimiter(
        pool, name: name, 100, per: .seconds(1), burst: 5)
      let start = LoopClock.now
      _ = try await gather(0..<25) { number in try await (number.isMultiple(of: 2) ? first : second).acquire()
      }
      // Five at once, then one each ten milliseconds.
      #expect(start.duration(to: .now) >= .milliseconds(200))
      while try await first.tryAcquire() {}
      let more = try await second.tryAcquire(5)
      #expect(!more)
    }
  }
}
