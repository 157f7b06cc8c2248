import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct SleepTests {
  @Test func `sleepers wake in the order of their deadlines`() async throws {
    let order = Journal<Int>()
    await withTaskGroup(of: Void.self) { group in
      for milliseconds in [30, 10, 20] {
        group.addTask {
          try? await sleep(for: .milliseconds(milliseconds))
          order.note(milliseconds)
        }
      }
    }
    #expect(order.entries == [10, 20, 30])
  }

  @Test func `sleepers of one instant wake in the order in which they fell asleep`() async throws {
    let order = Journal<Int>()
    let deadline = LoopClock.now.advanced(by: .seconds(1))
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          try? await sleep(until: deadline)
          order.note(number)
        }
      }
    }
    #expect(order.entries == Array(0..<100))
  }

  @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(-1)])
  func `no time to sleep is one turn for the others`(_ duration: Duration) async throws {
    let others = Journal<Void>()
    let start = LoopClock.now
    Task { others.note(()) }
    try await sleep(for: duration)
    #expect(others.count == 1)
    #expect(LoopClock.now == start)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `an instant of the past is one turn for the others`() async throws {
    try await sleep(for: .seconds(5))
    let start = LoopClock.now
    try await sleep(until: start.advanced(by: .seconds(-3)))
    #expect(LoopClock.now == start)
  }

  @Test func `the longest sleep saturates and can be cancelled`() async throws {
    let task = Task { try await sleep(for: .seconds(Int64.max)) }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `cancelled before, it throws at once and sets no timer`() async throws {
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      await #expect(throws: CancellationError.self) { try await sleep(for: .seconds(1)) }
      await #expect(throws: CancellationError.self) { try await sleep(for: .zero) }
      return EventLoop.current?.timerCount
    }
    task.cancel()
    #expect(await task.value == 0)
  }

  @Test func `cancelled meanwhile, it throws at once and leaves no timer`() async throws {
    let loop = try #require(EventLoop.current)
    let start = LoopClock.now
    let task = Task { try await sleep(for: .seconds(1000)) }
    await settle()
    #expect(loop.timerCount == 1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(loop.timerCount == 0)
    #expect(LoopClock.now == start)
  }

  @Test func `cancelled just after its time has come, it has slept`() async throws {
    let waiter = Waiter()
    let alarm = Alarm(at: 0, on: .orDefault, for: waiter)
    let task = Task { await waiter.wait(for: "sleep") }
    await settle()
    EventLoop.current?.fireTimers(at: 1)
    task.cancel()
    #expect(await task.value == .woken)
    alarm.cancel()
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(.realTime) func `real time is slept in real time`() async throws {
    let start = LoopClock.now
    try await sleep(for: .milliseconds(5))
    #expect(start.duration(to: .now) >= .milliseconds(5))
  }

  @Test func `ten thousand sleepers that are cancelled leave nothing behind`() async throws {
    let loop = try #require(EventLoop.current)
    let tasks = (0..<10_000).map { number in
      Task { try await sleep(for: .seconds(1000 + number % 100)) }
    }
    await settle()
    #expect(loop.timerCount == 10_000)
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.result }
    #expect(loop.timerCount == 0)
  }
}

/// A turn for the others.
@Suite(.virtualTime) struct CheckpointTests {
  @Test func `those who give way take turns`() async throws {
    let order = Journal<String>()
    await withTaskGroup(of: Void.self) { group in
      for name in ["a", "b", "c"] {
        group.addTask {
          for _ in 0..<3 {
            order.note(name)
            try? await checkpoint()
          }
        }
      }
    }
    #expect(order.entries == ["a", "b", "c", "a", "b", "c", "a", "b", "c"])
  }

  @Test func `what is ready runs first`() async throws {
    let others = Journal<Int>()
    for number in 0..<500 { Task { others.note(number) } }
    try await checkpoint()
    #expect(others.entries == Array(0..<500))
  }

  @Test func `cancellation is reported before and after`() async throws {
    let task = Task {
      do {
        while true { try await checkpoint() }
      } catch {
        return error is CancellationError
      }
    }
    await settleOnce()
    task.cancel()
    #expect(await task.value)
  }

  @Test func `timers fire although tasks never stop giving way`() async throws {
    let task = Task {
      while true { try await checkpoint() }
    }
    let fired = Waiter()
    EventLoop.current?.callSoon { fired.finish(.woken) }
    #expect(await fired.wait(for: "callback") == .woken)
    task.cancel()
    _ = await task.result
  }

  @Test(.realTime) func `timers fire in real time although tasks never stop giving way`() async throws {
    let task = Task {
      while true { try await checkpoint() }
    }
    try await sleep(for: .milliseconds(2))
    task.cancel()
    _ = await task.result
  }

  @Test func `several tasks of one actor may give way at once`() async throws {
    let actor = Yielder()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { await actor.work() } }
    }
    #expect(await actor.count == 50)
  }

  @Test(.realTime) func `off the loop it gives way as the language does`() async throws {
    let done = Waiter()
    LoopThread.start(named: "foreign") {
      Task.detached {
        #expect(EventLoop.current == nil)
        try? await checkpoint()
        try? await sleep(for: .milliseconds(1))
        done.finish(.woken)
      }
    }
    #expect(await done.wait(for: "a task off the loop") == .woken)
  }

  private func settleOnce() async { await Task.yield() }

  private actor Yielder {
    var count = 0

    func work() async {
      for _ in 0..<5 {
        await giveWay()
        count += 1
      }
    }
  }
}
