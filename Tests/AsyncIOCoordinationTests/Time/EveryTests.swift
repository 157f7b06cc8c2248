import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct EveryTests {
  @Test func `the first tick comes at once, the others at even distances`() async {
    #expect(await ticks(every(.seconds(1)), 4) == [0, 1000, 2000, 3000])
    #expect(LoopClock.now == .seconds(3))
    #expect(EventLoop.current?.timerCount == 0)
  }  // tokio: interval, "the first tick completes immediately"

  @Test func `or after an interval`() async {
    #expect(await ticks(every(.seconds(1), startsNow: false), 3) == [1000, 2000, 3000])
  }  // tokio: interval_at(Instant::now() + period, period)

  @Test func `time begins with the first tick that is asked for`() async throws {
    let seconds = every(.seconds(1))
    try await sleep(for: .milliseconds(2500))
    #expect(await ticks(seconds, 2) == [2500, 3500])
    #expect(await ticks(seconds, 2) == [3500, 4500], "each iteration has its own time")
  }

  @Test(arguments: [MissedTicks.burst, .delay, .skip])
  func `the time that the body takes does not add up`(_ missed: MissedTicks) async {
    let taken = await ticks(every(.milliseconds(50), missed: missed), 5) { _ in 49 }
    #expect(taken == [0, 50, 100, 150, 200])
  }

  @Test func `burst makes up for ticks as fast as possible`() async {
    // As in tokio's example: every 50 ms, and 200 ms of work after the first tick.
    let taken = await ticks(every(.milliseconds(50)), 7) { $0 == 0 ? 200 : 0 }
    #expect(taken == [0, 200, 200, 200, 200, 250, 300])
  }  // tokio: MissedTickBehavior::Burst

  @Test func `burst shortens distances until it has caught up`() async {
    let work = [30, 130, 30, 30, 45, 50, 0]
    let taken = await ticks(every(.milliseconds(50)), 7) { work[$0] }
    #expect(taken == [0, 50, 180, 210, 240, 285, 335])
  }  // tokio: MissedTickBehavior::Burst, the diagram

  @Test func `burst gives the instants at which the ticks were due`() async {
    let due = await ticks(every(.milliseconds(50)), 7, dueTimes: true) { $0 == 0 ? 200 : 0 }
    #expect(due == [0, 50, 100, 150, 200, 250, 300])
  }  // tokio: MissedTickBehavior::Burst, "the ticks yielded aren't different"

  @Test func `delay ticks an interval after the late tick`() async {
    // As in tokio's example: every 50 ms, and 200 ms of work after the first tick.
    let taken = await ticks(every(.milliseconds(50), missed: .delay), 4) { $0 == 0 ? 200 : 0 }
    #expect(taken == [0, 200, 250, 300])
  }  // tokio: MissedTickBehavior::Delay

  @Test func `delay never shortens a distance`() async {
    let work = [30, 130, 30, 30, 30, 30, 0]
    let taken = await ticks(every(.milliseconds(50), missed: .delay), 7) { work[$0] }
    #expect(taken == [0, 50, 180, 230, 280, 330, 380])
  }  // tokio: MissedTickBehavior::Delay, the diagram

  @Test func `skip goes on at the next multiple of the interval`() async {
    // As in tokio's example: every 50 ms, and 75 ms of work after the first tick.
    let taken = await ticks(every(.milliseconds(50), missed: .skip), 4) { $0 == 0 ? 75 : 0 }
    #expect(taken == [0, 75, 100, 150])
  }  // tokio: MissedTickBehavior::Skip

  @Test func `skip leaves out what was missed`() async {
    let work = [30, 130, 10, 30, 30, 0]
    let taken = await ticks(every(.milliseconds(50), missed: .skip), 6) { work[$0] }
    #expect(taken == [0, 50, 180, 200, 250, 300])
  }  // tokio: MissedTickBehavior::Skip, the diagram

  @Test func `skip, late by whole intervals, goes on after one more`() async {
    let taken = await ticks(every(.milliseconds(50), missed: .skip), 4) { $0 == 0 ? 150 : 0 }
    #expect(taken == [0, 150, 200, 250])
  }

  @Test(
    arguments: [MissedTicks.burst, .delay, .skip],
    [(milliseconds: 100, allowed: 5), (milliseconds: 4, allowed: 2)])
  func `a little late is not late`(_ missed: MissedTicks, _ interval: (milliseconds: Int, allowed: Int)) async
  {
    let period = interval.milliseconds
    let allowed = period + interval.allowed
    let taken = await ticks(every(.milliseconds(period), missed: missed), 3) { $0 == 0 ? allowed : 0 }
    #expect(taken == [0, allowed, 2 * period])
    let start = LoopClock.now
    let late = await ticks(every(.milliseconds(period), missed: missed), 3, from: start) {
      $0 == 0 ? allowed + 1 : 0
    }
    #expect(late == [0, allowed + 1, missed == .delay ? allowed + 1 + period : 2 * period])
  }  // tokio: MissedTickBehavior, "when the delay is greater than 5 milliseconds"

  @Test func `cancelling the task ends the iteration, at once and for good`() async throws {
    let seen = Journal<LoopClock.Instant>()
    let task = Task {
      var iterator = every(.seconds(10)).makeAsyncIterator()
      while let tick = await iterator.next() { seen.note(tick) }
      #expect(Task.isCancelled)
      return await iterator.next() == nil
    }
    try await sleep(for: .seconds(15))
    task.cancel()
    #expect(await task.value)
    #expect(seen.entries == [.seconds(0), .seconds(10)])
    #expect(LoopClock.now == .seconds(15))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `in a cancelled task there is no tick`() async {
    let seen = Journal<LoopClock.Instant>()
    let task = Task { for await tick in every(.seconds(1)) { seen.note(tick) } }
    task.cancel()
    await task.value
    #expect(seen.count == 0)
  }

  @Test func `cancelled at the instant of a tick, it does not come`() async throws {
    let loop = try #require(EventLoop.current)
    let seen = Journal<LoopClock.Instant>()
    let cancel = Journal<Task<Void, Never>>()
    // The callback runs between the timer of the tick and the task that it wakes.
    loop.callLater(.seconds(1)) { cancel.entries.first?.cancel() }
    let task = Task { for await tick in every(.seconds(1)) { seen.note(tick) } }
    cancel.note(task)
    await task.value
    #expect(seen.entries == [.seconds(0)])
    #expect(loop.timerCount == 0)
  }

  @Test func `cancelled between two ticks, while the body runs, there is no other`() async {
    let seen = Journal<LoopClock.Instant>()
    let task = Task {
      for await tick in every(.seconds(1)) {
        seen.note(tick)
        await sleepUncancelled(for: .seconds(10))
      }
    }
    await settle()
    task.cancel()
    await task.value
    #expect(seen.entries == [.seconds(0)])
  }

  @Test func `each tick gives way to what is ready`() async {
    let order = Journal<String>()
    var count = 0
    Task { order.note("other") }
    for await _ in every(.seconds(1)) {
      order.note("tick")
      count += 1
      if count == 2 { break }
    }
    #expect(order.entries == ["other", "tick", "tick"])
  }

  @Test func `many tickers keep one timer each`() async {
    let loop = EventLoop.orDefault
    let tasks = (1...100).map { number in
      Task { for await _ in every(.milliseconds(number)) {} }
    }
    await settle()
    #expect(loop.timerCount == 100)
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    #expect(loop.timerCount == 0)
  }

  @Test func `an interval beyond all time waits for ever`() async {
    let task = Task { for await _ in every(.seconds(Int64.max), startsNow: false) {} }
    await settle()
    task.cancel()
    await task.value
  }

  @Test(.realTime, .deadline(.seconds(60)), arguments: [Duration.zero, .seconds(-1)])
  func `an interval of zero or less is refused`(
    _ interval: Duration
  )
    async
  {
    await #expect(processExitsWith: .failure) { [interval] in _ = every(interval) }
  }  // tokio: interval, "panics if period is zero"

  /// When so many ticks are taken, or were due, in milliseconds; after each the body works for as long as `work` says.
  private func ticks(
    _ ticks: Ticks, _ count: Int, from start: LoopClock.Instant = .seconds(0), dueTimes: Bool = false,
    work: (Int) -> Int = { _ in 0 }
  ) async -> [Int] {
    var times: [Int] = []
    for await due in ticks {
      let instant = dueTimes ? due : LoopClock.now
      times.append(Int(start.duration(to: instant) / .milliseconds(1)))
      if times.count == count { break }
      await sleepUncancelled(for: .milliseconds(work(times.count - 1)))
    }
    return times
  }
}
