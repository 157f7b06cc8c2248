import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct VirtualTimeTests {
  @Test func `time jumps to the next timer when nothing can run`() async throws {
    let loop = try #require(EventLoop.current)
    let instants = Journal<Int64>()
    for seconds in [1, 60, 3600] {
      loop.callLater(.seconds(seconds)) { instants.note(loop.now / 1_000_000_000) }
    }
    try await sleep(for: .seconds(4000))
    #expect(instants.entries == [1, 60, 3600])
  }

  @Test func `work outside of the loop is waited for before time moves`() async throws {
    let loop = try #require(EventLoop.current)
    let done = Waiter()
    loop.beginOutsideWork()
    LoopThread.start(named: "outside") {
      // Longer than the loop would wait for events that nobody has counted.
      var pause = timespec(tv_sec: 0, tv_nsec: 150_000_000)
      _ = unsafe nanosleep(&pause, nil)
      done.finish(.woken)
      loop.endOutsideWork()
    }
    let start = LoopClock.now
    Alarm(at: start.advanced(by: .seconds(1)).nanoseconds, on: loop, for: done).forget()
    _ = await done.wait(for: "work outside")
    #expect(LoopClock.now == start)
  }

  @Test func `an event from outside comes before time moves`() async throws {
    let pipe = try Pipe()
    let start = LoopClock.now
    let reader = Task {
      try await EventLoop.wait(readable: pipe.reader)
      return start.duration(to: .now)
    }
    let writer = Task {
      await settle()
      pipe.write(1)
      try await sleep(for: .seconds(1))
    }
    #expect(try await reader.value == .zero)
    try await writer.value
  }

  @Test func `a wake-up of long ago does not shorten the wait for visitors`() async throws {
    let loop = try #require(EventLoop.current)
    // The loop sees this one with its next poll, which then returns early.
    loop.poller.wake()
    let done = Waiter()
    LoopThread.start(named: "visitor") {
      var pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
      _ = unsafe nanosleep(&pause, nil)
      done.finish(.woken)
    }
    #expect(await done.wait(for: "work outside") == .woken)
  }

  @Test(
    arguments: [
      (999_993_512, 1_000_000_004, 1_000_000_000), (997_000_000, 1_000_000_400, 1_000_000_000),
      (1_233_998, 1_234_000, 1_234_000), (4_999_991, 5_000_301, 5_000_000), (7, 7, 7), (11, 19, 15),
      (1_004_990_000, 1_005_000_100, 1_005_000_000),
    ] as [(Int64, Int64, Int64)])
  func `of the delays that may have been meant, the roundest was`(
    _ least: Int64, _ most: Int64, _ meant: Int64
  ) {
    #expect(EventLoop.roundest(in: least...most) == meant)
  }

  @Test func `the language's own sleep is exact, even where the thread was kept from running`() async throws {
    for milliseconds in [1000, 60_000, 3_600_000] {
      let start = LoopClock.now
      let deadline = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
      var pause = timespec(tv_sec: 0, tv_nsec: 300_000)
      _ = unsafe nanosleep(&pause, nil)
      try await Task.sleep(until: deadline, clock: .continuous)
      #expect(start.duration(to: .now) == .milliseconds(milliseconds))
    }
  }
}

extension Alarm {
  /// The waiter is ended by something else.
  fileprivate func forget() {}
}
