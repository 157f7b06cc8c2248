import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIOCoordination

@Suite(.deadline(.seconds(20))) struct ThreadPoolTests {
  /// Makes `call` on a thread of `pool`, and leaves it alone.
  private func submit(to pool: ThreadPool, _ call: @escaping @Sendable () -> Void) {
    _ = Task(executorPreference: pool) { call() }
  }

  @Test func `no more threads than the maximum run at once, and all of them do`() async throws {
    let pool = ThreadPool(name: "test", maximum: 4)
    let (gauge, gate) = (Gauge(), Gate())
    for _ in 0..<20 {
      submit(to: pool) {
        gauge.enter()
        gate.pass()
        gauge.leave()
      }
    }
    // On the loop, whose thread is none of them.
    while gauge.current < 4 { await Task.yield() }
    #expect(gauge.total == 4)
    #expect(pool.statistics == .init(maximum: 4, threads: 4, idle: 0, queued: 16, begun: 4))
    #expect(pool.statistics.running == 4)
    gate.open()
    while gauge.total < 20 || gauge.current > 0 { await Task.yield() }
    #expect(gauge.peak == 4)
    #expect(pool.statistics.begun == 20)
  }

  @Test func `one thread takes the calls in their order`() async throws {
    let pool = ThreadPool(name: "test", maximum: 1)
    let order = Journal<Int>()
    for number in 0..<1000 { submit(to: pool) { order.note(number) } }
    while order.count < 1000 { await Task.yield() }
    #expect(order.entries == Array(0..<1000))
  }

  @Test func `a thread that is idle is used again`() async throws {
    let pool = ThreadPool(name: "test", maximum: 10)
    let threads = Journal<UInt>()
    for count in 1...20 {
      submit(to: pool) { threads.note(UInt(pthread_self())) }
      while threads.count < count { await Task.yield() }
      // Until the thread has come back: whoever finds none idle starts another.
      while pool.statistics.idle == 0 { await Task.yield() }
    }
    #expect(Set(threads.entries).count == 1)
  }

  @Test func `a thread that is idle for too long ends`() async throws {
    let pool = ThreadPool(name: "test", maximum: 10, idleTimeout: .milliseconds(1))
    let done = Journal<Void>()
    for count in 1...3 {
      submit(to: pool) { done.note(()) }
      while done.count < count || pool.statistics.threads > 0 { await Task.yield() }
      #expect(pool.statistics.idle == 0)
    }
  }

  @Test func `calls that come as threads end are all made`() async throws {
    let pool = ThreadPool(name: "test", maximum: 3, idleTimeout: .zero)
    for number in 0..<500 {
      #expect(try await withBlocking(on: pool) { number } == number)
    }
  }

  @Test func `a greater maximum lets calls begin that wait`() async throws {
    let pool = ThreadPool(name: "test", maximum: 1)
    let (gauge, gate) = (Gauge(), Gate())
    for _ in 0..<3 {
      submit(to: pool) {
        gauge.enter()
        gate.pass()
      }
    }
    while gauge.current < 1 { await Task.yield() }
    pool.maximum = 3
    while gauge.current < 3 { await Task.yield() }
    #expect(pool.maximum == 3)
    gate.open()
  }

  @Test func `a smaller maximum lets threads end that have made their call`() async throws {
    let pool = ThreadPool(name: "test", maximum: 3)
    let (gauge, gate) = (Gauge(), Gate())
    for _ in 0..<3 {
      submit(to: pool) {
        gauge.enter()
        gate.pass()
      }
    }
    while gauge.current < 3 { await Task.yield() }
    pool.maximum = 1
    gate.open()
    while pool.statistics.threads > 1 { await Task.yield() }
    #expect(try await withBlocking(on: pool) { 1 } == 1)
  }

  @Test func `without any thread a call is refused`() async throws {
    let pool = ThreadPool(name: "test", maximum: 10) { _ in false }
    for _ in 0..<2 {
      await #expect(throws: IOError(.system, errno: EAGAIN, operation: "pthread_create")) {
        try await withBlocking(on: pool) { Issue.record("the call was made") }
      }
    }
    #expect(pool.statistics.threads == 0)
  }

  @Test func `a call that relied on a thread that could not be started is refused, too`() async throws {
    let refused = Journal<Int>()
    let pool = Journal<ThreadPool>()
    let isSecond = Atomic<Bool>(false)
    // The second call comes while the first one's thread is being started, and then neither has one.
    pool.note(
      ThreadPool(name: "test", maximum: 10) { _ in
        if !isSecond.exchange(true, ordering: .relaxed), let pool = pool.entries.first {
          _ = Task(executorPreference: pool) { if ServingThread.current == nil { refused.note(2) } }
          #expect(refused.count == 0)
        }
        return false
      })
    let first = try #require(pool.entries.first)
    submit(to: first) { if ServingThread.current == nil { refused.note(1) } }
    while refused.count < 2 { await Task.yield() }
    #expect(refused.entries == [1, 2])
  }

  @Test func `hundreds of calls that wait for each other get as many threads`() async throws {
    let pool = ThreadPool(name: "test", maximum: 40)
    let gauge = Gauge()
    _ = try await gather(0..<40) { _ in
      try await withBlocking(on: pool) {
        gauge.enter()
        // None comes back before all are there.
        while gauge.total < 40 { sched_yield() }
      }
    }
    #expect(gauge.total == 40)
  }

  @Test func `a pool of no threads is a mistake`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ThreadPool(name: "none", maximum: 0)
    }
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(errors.contains("a pool has at least 1 thread, not 0"))
  }

  @Test(arguments: [1, 7, 42])
  func `no call of thousands from several threads is lost`(_ seed: Int) async throws {
    let pool = ThreadPool(name: "test", maximum: seed % 5 + 1, idleTimeout: .microseconds(seed))
    let made = Atomic<Int>(0)
    let sums = try await gather(0..<8) { worker in
      var sum = 0
      for number in 0..<200 {
        if (number * worker + seed) % 3 == 0 { await Task.yield() }
        sum += try await withBlocking(on: pool) {
          made.add(1, ordering: .relaxed)
          return number
        }
      }
      return sum
    }
    #expect(sums == Array(repeating: 199 * 100, count: 8))
    #expect(made.load(ordering: .relaxed) == 1600)
    #expect(pool.statistics.queued == 0)
  }
}

/// Blocks threads until it is opened.
final class Gate: Sendable {
  private let isOpen = Atomic<Bool>(false)

  func open() { isOpen.store(true, ordering: .releasing) }

  func pass() { while !isOpen.load(ordering: .acquiring) { sched_yield() } }
}
