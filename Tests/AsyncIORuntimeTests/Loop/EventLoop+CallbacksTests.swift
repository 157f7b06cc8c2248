import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct CallbackTests {
  @Test func `callbacks run in the order of their calls, each once`() async throws {
    let loop = try #require(EventLoop.current)
    let order = Journal<Int>()
    for number in 0..<100 { loop.callSoon { order.note(number) } }
    #expect(order.count == 0, "none runs at once")
    await settle()
    #expect(order.entries == Array(0..<100))
  }

  @Test func `callbacks and tasks share one order`() async throws {
    let loop = try #require(EventLoop.current)
    let order = Journal<String>()
    loop.callSoon { order.note("callback 1") }
    Task { order.note("task") }
    loop.callSoon { order.note("callback 2") }
    await settle()
    #expect(order.entries == ["callback 1", "task", "callback 2"])
  }

  @Test func `delayed callbacks run in the order of their instants`() async throws {
    let loop = try #require(EventLoop.current)
    let order = Journal<String>()
    let start = LoopClock.now
    func note(_ name: String) -> @Sendable () -> Void {
      { order.note("\(name) at \(start.duration(to: .now).components.seconds)") }
    }
    loop.callLater(.seconds(3), note("later 3"))
    loop.callAt(start.advanced(by: .seconds(1)), note("at 1"))
    loop.callLater(.seconds(1), note("later 1"))
    loop.callLater(.seconds(2), note("later 2"))
    loop.callLater(.zero, note("zero"))
    loop.callLater(.seconds(-5), note("negative"))
    loop.callAt(start.advanced(by: .seconds(-5)), note("past"))
    try await sleep(for: .seconds(10))
    #expect(
      order.entries == [
        "zero at 0", "negative at 0", "past at 0", "at 1 at 1", "later 1 at 1", "later 2 at 2",
        "later 3 at 3",
      ])
  }

  @Test func `cancelled before it runs, it never runs and releases what it holds`() async throws {
    final class Witness: Sendable {}
    let loop = try #require(EventLoop.current)
    let ran = Journal<Void>()
    weak var witness: Witness?
    do {
      let strong = Witness()
      witness = strong
      let callback = loop.callLater(.seconds(1)) { _ = (strong, ran.note(())) }
      #expect(loop.timerCount == 1)
      #expect(callback.cancel())
      #expect(!callback.cancel(), "it was cancelled before")
      #expect(callback.isDone)
    }
    #expect(loop.timerCount == 0)
    #expect(witness == nil)
    let soon = loop.callSoon { ran.note(()) }
    #expect(soon.cancel())
    try await sleep(for: .seconds(2))
    #expect(ran.count == 0)
  }

  @Test func `cancelled after it has run, it says so`() async throws {
    let loop = try #require(EventLoop.current)
    let ran = Journal<Void>()
    let callback = loop.callSoon { ran.note(()) }
    let later = loop.callLater(.seconds(1)) { ran.note(()) }
    #expect(!callback.isDone)
    try await sleep(for: .seconds(2))
    #expect(callback.isDone && later.isDone)
    #expect(!callback.cancel() && !later.cancel())
    #expect(ran.count == 2)
  }

  @Test func `a callback may cancel itself in vain`() async throws {
    let loop = try #require(EventLoop.current)
    let callbacks = Journal<ScheduledCallback>()
    let results = Journal<Bool?>()
    callbacks.note(loop.callSoon { results.note(callbacks.entries.first?.cancel()) })
    await settle()
    #expect(results.entries == [false])
  }

  @Test func `a hundred thousand callbacks set and cancelled leave nothing behind`() throws {
    let loop = try #require(EventLoop.current)
    let callbacks = (0..<100_000).map { loop.callLater(.seconds(1000 + $0 % 100)) {} }
    #expect(loop.timerCount == 100_000)
    #expect(callbacks.count { $0.cancel() } == 100_000)
    #expect(loop.timerCount == 0)
    #expect(unsafe loop.core.pointee.timers.capacity == 64)
  }

  @Test(.realTime) func `from foreign threads, in the order of each thread`() async throws {
    let loop = try #require(EventLoop.current)
    let order = Journal<(thread: Int, number: Int)>()
    let done = Waiter()
    let (threads, count) = (3, 1000)
    for thread in 0..<threads {
      LoopThread.start(named: "foreign") {
        for number in 0..<count {
          loop.callSoon {
            #expect(loop.isCurrent)
            order.note((thread, number))
            if order.count == threads * count { done.finish(.woken) }
          }
        }
      }
    }
    #expect(await done.wait(for: "callbacks from threads") == .woken)
    for thread in 0..<threads {
      #expect(order.entries.filter { $0.thread == thread }.map(\.number) == Array(0..<count))
    }
  }

  @Test(.realTime) func `delayed and cancelled from foreign threads, none is left`() async throws {
    let loop = try #require(EventLoop.current)
    let ended = Journal<Int>()
    let done = Waiter()
    for thread in 0..<3 {
      LoopThread.start(named: "foreign") {
        for number in 0..<1000 {
          let callback = loop.callLater(.seconds(1000)) { Issue.record("it was cancelled") }
          // Some are cancelled on the heels of their making, some after the loop has set their timers.
          if number % 7 == 0 {
            loop.callSoon { #expect(callback.cancel()) }
          } else {
            #expect(callback.cancel())
          }
        }
        loop.callSoon {
          ended.note(thread)
          if ended.count == 3 { done.finish(.woken) }
        }
      }
    }
    _ = await done.wait(for: "callbacks from threads")
    await settle()
    #expect(loop.timerCount == 0)
  }
}
