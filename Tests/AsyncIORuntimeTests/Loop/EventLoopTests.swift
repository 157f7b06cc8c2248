import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

struct EventLoopTests {
  @Test func `a turn runs at most 64 items before it looks at time and descriptors again`() throws {
    let loop = try EventLoop(time: .virtual)
    let order = Journal<Int>()
    for number in 0..<200 { loop.callSoon { order.note(number) } }
    let counts = Journal<Int>()
    loop.drive {
      counts.note(order.count)
      return order.count == 200
    }
    #expect(counts.entries == [0, 64, 128, 192, 200])
    #expect(order.entries == Array(0..<200))
  }

  @Test func `what an item enqueues goes behind all others`() throws {
    let loop = try EventLoop(time: .virtual)
    let order = Journal<String>()
    loop.callSoon {
      order.note("first")
      loop.callSoon { order.note("of the first") }
    }
    loop.callSoon { order.note("second") }
    loop.drive { order.count == 3 }
    #expect(order.entries == ["first", "second", "of the first"])
  }

  @Test func `a loop is current on the thread that drives it, and only then`() throws {
    let loop = try EventLoop(time: .virtual)
    let wasCurrent = Journal<Bool>()
    #expect(!loop.isCurrent)
    loop.callSoon { wasCurrent.note(loop.isCurrent && EventLoop.current === loop) }
    loop.drive { wasCurrent.count == 1 }
    #expect(wasCurrent.entries == [true])
    #expect(!loop.isCurrent)
    #expect(EventLoop.current == nil)
  }

  @Test func `a task that prefers the loop runs on it`() async throws {
    let loop = try EventLoop(time: .virtual)
    let places = Journal<Bool>()
    let task = Task(executorPreference: loop) {
      places.note(loop.isCurrent)
      await Task.yield()
      places.note(loop.isCurrent)
      try? await Task.sleep(for: .seconds(10))
      places.note(loop.isCurrent)
      await withTaskGroup(of: Void.self) { $0.addTask { places.note(loop.isCurrent) } }
    }
    LoopThread.start(named: "driver") { loop.drive { places.count == 4 } }
    await task.value
    #expect(places.entries == [true, true, true, true])
  }

  @Test func `the same seed gives the same order, others give others`() throws {
    func order(seed: UInt64?) throws -> [Int] {
      let loop = try EventLoop(time: .virtual, seed: seed)
      let order = Journal<Int>()
      for number in 0..<50 { loop.callSoon { order.note(number) } }
      loop.drive { order.count == 50 }
      return order.entries
    }
    #expect(try order(seed: nil) == Array(0..<50))
    let orders = try (1...20 as ClosedRange<UInt64>).map { seed in
      let first = try order(seed: seed)
      #expect(try order(seed: seed) == first)
      #expect(first.sorted() == Array(0..<50))
      return first
    }
    #expect(Set(orders).count == 20)
  }

  @Test func `a loop that goes away releases what it holds`() throws {
    final class Witness: Sendable {}
    weak var witness: Witness?
    weak var loop: EventLoop?
    do {
      let strong = Witness()
      let strongLoop = try EventLoop(time: .virtual)
      (witness, loop) = (strong, strongLoop)
      strongLoop.callSoon { _ = strong }
      strongLoop.callSoon { EventLoop.current?.callLater(.seconds(5)) { _ = strong } }
      var turns = 0
      strongLoop.drive {
        turns += 1
        return turns == 2
      }
      strongLoop.callSoon { _ = strong }
    }
    #expect(witness == nil)
    #expect(loop == nil)
  }

  @Test func `its description says what it has to do`() throws {
    let loop = try EventLoop(time: .virtual)
    let descriptions = Journal<String>()
    loop.callSoon {
      loop.callSoon {}
      loop.callLater(.seconds(1)) {}
      descriptions.note("\(loop)")
    }
    loop.drive { descriptions.count == 1 }
    #expect(descriptions.entries == ["EventLoop(1 ready, 1 timers)"])
    #expect("\(loop)" == "EventLoop")
  }

  @Test func `one loop at a time runs on a thread`() async {
    await #expect(processExitsWith: .failure) {
      let (outer, inner) = (try EventLoop(), try EventLoop())
      outer.callSoon { inner.drive { true } }
      var turns = 0
      outer.drive {
        turns += 1
        return turns > 2
      }
    }
  }
}
