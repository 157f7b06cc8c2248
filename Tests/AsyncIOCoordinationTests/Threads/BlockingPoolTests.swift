import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@testable import AsyncIOCoordination

@Suite(.deadline(.seconds(20))) struct BlockingPoolTests {
  @Test func `no more threads than the maximum run at once, and all of them do`() async throws {
    let pool = BlockingPool(maximum: 4)
    let gauge = Gauge()
    let gate = Gate()
    for _ in 0..<20 {
      pool.submit { _ in
        gauge.enter()
        gate.pass()
        gauge.leave()
      }
    }
    // On the loop, whose thread is none of them.
    while gauge.current < 4 { await Task.yield() }
    #expect(gauge.total == 4)
    gate.open()
    while gauge.total < 20 || gauge.current > 0 { await Task.yield() }
    #expect(gauge.peak == 4)
  }

  @Test func `one thread takes the calls in their order`() async throws {
    let pool = BlockingPool(maximum: 1)
    let order = Journal<Int>()
    for number in 0..<1000 { pool.submit { _ in order.note(number) } }
    while order.count < 1000 { await Task.yield() }
    #expect(order.entries == Array(0..<1000))
  }

  @Test func `a thread that is idle is used again`() async throws {
    let pool = BlockingPool(maximum: 10)
    let threads = Journal<UInt>()
    for count in 1...20 {
      pool.submit { _ in threads.note(UInt(pthread_self())) }
      while threads.count < count { await Task.yield() }
      // Until the thread has come back: whoever finds none idle starts another.
      while pool.idleCount == 0 { await Task.yield() }
    }
    #expect(Set(threads.entries).count == 1)
  }

  @Test func `without any thread a call is refused at once`() {
    let pool = BlockingPool(maximum: 10) { _ in false }
    let refusals = Journal<IOError?>()
    pool.submit { refusals.note($0) }
    pool.submit { refusals.note($0) }
    #expect(
      refusals.entries
        == Array(repeating: IOError(.system, errno: EAGAIN, operation: "pthread_create"), count: 2))
  }

  @Test func `a call that relied on a thread that could not be started is refused too`() {
    let refused = Journal<Int>()
    let pool = Journal<BlockingPool>()
    let isSecond = Atomic<Bool>(false)
    // The second call comes while the first one's thread is being started, and then neither has one.
    pool.note(
      BlockingPool(maximum: 10) { _ in
        if !isSecond.exchange(true, ordering: .relaxed) {
          pool.entries.first?.submit { if $0 != nil { refused.note(2) } }
          #expect(refused.count == 0)
        }
        return false
      })
    pool.entries.first?.submit { if $0 != nil { refused.note(1) } }
    #expect(refused.entries == [1, 2])
  }
}

/// Blocks threads until it is opened.
final class Gate: Sendable {
  private let isOpen = Atomic<Bool>(false)

  func open() { isOpen.store(true, ordering: .releasing) }

  func pass() { while !isOpen.load(ordering: .acquiring) { sched_yield() } }
}
