import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct ConcurrentMapTests {
  @Test func `results are in the order of the elements, each as soon as it may come`() async throws {
    let times = Journal<LoopClock.Instant>()
    var results: [Int] = []
    for try await seconds in [3, 1, 4, 2].concurrentMap(limit: 2, sleepThenReturn) {
      results.append(seconds)
      times.note(.now)
    }
    #expect(results == [3, 1, 4, 2])
    // The result of the second waits for the first, and keeps its place in the window.
    #expect(times.entries == [.seconds(3), .seconds(3), .seconds(7), .seconds(7)])
  }

  @Test func `or in the order of the ends`() async throws {
    let times = Journal<LoopClock.Instant>()
    var results: [Int] = []
    for try await seconds in [3, 1, 4, 2].concurrentMap(limit: 2, ordered: false, sleepThenReturn) {
      results.append(seconds)
      times.note(.now)
    }
    #expect(results == [1, 3, 4, 2])
    #expect(times.entries == [.seconds(1), .seconds(3), .seconds(5), .seconds(5)])
  }

  @Test(arguments: [true, false], [1, 2, 7, 100, 1000])
  func `no more than the limit run at once`(_ ordered: Bool, _ limit: Int) async throws {
    let gauge = Gauge()
    let started = Journal<Int>()
    var results: [Int] = []
    let numbers = (0..<100).concurrentMap(limit: limit, ordered: ordered) { number in
      started.note(number)
      try await gauge.inside { try await sleep(for: .milliseconds(1 + number % 5)) }
      return number
    }
    for try await number in numbers { results.append(number) }
    #expect(gauge.peak == min(limit, 100))
    #expect(started.entries == Array(0..<100))
    #expect(ordered ? results == Array(0..<100) : results.sorted() == Array(0..<100))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(arguments: [true, false]) func `results that wait count as much as operations that run`(
    _ ordered: Bool
  )
    async throws
  {
    let started = Journal<Int>()
    var consumed = 0
    for try await _ in (0..<20).concurrentMap(limit: 3, ordered: ordered, { started.note($0) }) {
      consumed += 1
      #expect(started.count == min(20, consumed + 3))
      try await sleep(for: .seconds(1))
      #expect(started.count == min(20, consumed + 3))
    }
    #expect(consumed == 20)
  }

  @Test func `operations go on while the caller uses a result`() async throws {
    for try await _ in (0..<4).concurrentMap(limit: 2, { _ in try await sleep(for: .seconds(10)) }) {
      try await sleep(for: .seconds(10))
    }
    #expect(LoopClock.now == .seconds(50), "not 80, and the last is used for 10")
  }

  @Test func `nothing is taken before the first result is asked for`() async throws {
    let taken = Journal<Int>()
    let base = sequence(first: 0) { number in
      taken.note(number)
      return number + 1
    }
    let results = base.concurrentMap(limit: 3) { $0 }
    await settle()
    #expect(taken.count == 0)
    var iterator = results.makeAsyncIterator()
    #expect(try await iterator.next() == 0)
    #expect(taken.count == 3)
    #expect(try await iterator.next() == 1)
    #expect(taken.count == 4)
  }

  @Test(arguments: [true, false]) func `an endless sequence keeps no more than the limit`(_ ordered: Bool)
    async throws
  {
    let alive = Gauge()
    var count = 0
    let tokens = sequence(first: 0) { $0 + 1 }.concurrentMap(limit: 10, ordered: ordered) { number in
      if number.isMultiple(of: 3) { try await sleep(for: .milliseconds(number % 7)) }
      return CountedToken(alive)
    }
    for try await _ in tokens {
      count += 1
      if count == 10_000 { break }
    }
    #expect(alive.peak <= 11)
    await settle()
    #expect(alive.current == 0)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `operations that need not wait do not give way`() async throws {
    let others = Journal<Void>()
    Task { others.note(()) }
    var results: [Int] = []
    for try await number in (0..<100).concurrentMap(limit: 10, { $0 }) { results.append(number) }
    #expect(results == Array(0..<100))
    #expect(others.count == 0)
  }

  @Test func `no elements end at once, and after the end there is nil`() async throws {
    var empty = [Int]().concurrentMap(limit: 1, sleepThenReturn).makeAsyncIterator()
    #expect(try await empty.next() == nil)
    var one = [1].concurrentMap(limit: 1, sleepThenReturn).makeAsyncIterator()
    #expect(try await one.next() == 1)
    #expect(try await one.next() == nil)
    #expect(try await one.next() == nil)
  }

  @Test func `two iterations run the operations twice`() async throws {
    let started = Journal<Int>()
    let results = (0..<3).concurrentMap(limit: 2) { started.note($0) }
    for try await _ in results {}
    for try await _ in results {}
    #expect(started.entries == [0, 1, 2, 0, 1, 2])
  }

  @Test func `maps may be nested, and mapped again`() async throws {
    var results: [Int] = []
    let squares = (1...5).concurrentMap(limit: 2) { try await sleepThenReturn($0 % 3) }
      .map { $0 * $0 }
    for try await square in squares { results.append(square) }
    #expect(results == [1, 4, 0, 1, 4])
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a limit below one is refused`() async {
    await #expect(processExitsWith: .failure) { _ = [1].concurrentMap(limit: 0) { $0 } }
    await #expect(processExitsWith: .failure) { _ = Arriving().concurrentMap(limit: -1) { $0 } }
  }
}

/// Over an asynchronous sequence.
@Suite(.virtualTime) struct AsyncConcurrentMapTests {
  @Test(arguments: [nil, .milliseconds(3)] as [Duration?], [true, false])
  func `all elements are mapped, no more than the limit at once`(_ interval: Duration?, _ ordered: Bool)
    async throws
  {
    let gauge = Gauge()
    let numbers = Arriving(count: 100, interval: interval).concurrentMap(limit: 7, ordered: ordered) {
      number in
      try await gauge.inside { try await sleep(for: .milliseconds(1 + number * 7 % 50)) }
      return number
    }
    var results: [Int] = []
    for try await number in numbers { results.append(number) }
    #expect(gauge.peak == 7)
    #expect(ordered ? results == Array(0..<100) : results.sorted() == Array(0..<100))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test(arguments: [true, false]) func `a result does not wait for the next element`(_ ordered: Bool)
    async throws
  {
    var times: [LoopClock.Instant] = []
    let numbers = Arriving(count: 3, interval: .seconds(10)).concurrentMap(limit: 5, ordered: ordered) {
      number in
      try await sleep(for: .seconds(1))
      return number
    }
    for try await _ in numbers { times.append(.now) }
    #expect(times == [.seconds(11), .seconds(21), .seconds(31)])
  }

  @Test(arguments: [true, false]) func `an element is asked for only when there is room`(_ ordered: Bool)
    async throws
  {
    let taken = Journal<Int>()
    var consumed = 0
    let numbers = Arriving(onTake: { taken.note($0) }).concurrentMap(limit: 3, ordered: ordered) { $0 }
    #expect(taken.count == 0)
    for try await _ in numbers {
      consumed += 1
      await settle()
      #expect(taken.count == consumed + 3)
      if consumed == 20 { break }
    }
    await settle()
    #expect(taken.count == 23)
  }

  @Test(arguments: [true, false]) func `an endless sequence keeps no more than the limit`(_ ordered: Bool)
    async throws
  {
    let alive = Gauge()
    var count = 0
    let tokens = Arriving().concurrentMap(limit: 10, ordered: ordered) { number in
      if number.isMultiple(of: 3) { try await sleep(for: .milliseconds(number % 7)) }
      return CountedToken(alive)
    }
    for try await _ in tokens {
      count += 1
      if count == 10_000 { break }
    }
    #expect(alive.peak <= 11)
    await settle()
    #expect(alive.current == 0)
  }

  @Test func `an error of the sequence comes after the results of its elements`() async throws {
    var results: [Int] = []
    let numbers = Arriving(count: 3, failure: TestFailure(9)).concurrentMap(limit: 10) { number in
      try await sleep(for: .seconds(5 - number))
      return number
    }
    do {
      for try await number in numbers { results.append(number) }
      Issue.record("no error was thrown")
    } catch {
      #expect(error as? TestFailure == TestFailure(9))
    }
    #expect(results == [0, 1, 2])
    #expect(LoopClock.now == .seconds(5))
  }

  @Test func `unordered, an error of the sequence comes when it is there, and ends the rest`() async throws {
    let cleaned = Journal<Int>()
    let numbers = Arriving(count: 3, interval: .seconds(1), failure: TestFailure(9))
      .concurrentMap(limit: 10, ordered: false) { number in
        try await sleepAndCleanUp { cleaned.note(number) }
      }
    await #expect(throws: TestFailure(9)) { for try await _ in numbers {} }
    #expect(LoopClock.now == .seconds(4))
    try await sleep(for: .seconds(2))
    #expect(cleaned.entries == [0, 1, 2])
  }

  @Test func `leaving the loop cancels who waits for the next element`() async throws {
    for try await _ in Arriving(interval: .seconds(100)).concurrentMap(limit: 2, { $0 }) { break }
    await settle()
    #expect(LoopClock.now == .seconds(100))
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `leaving the loop ends who waits for room`() async throws {
    weak var used: Token?
    do {
      let token = Token()
      used = token
      for try await _ in Arriving().concurrentMap(limit: 2, { [token] _ in _ = token }) {
        await settle()
        break
      }
    }
    await settle()
    #expect(used == nil)
  }

  @Test func `cancelled while it waits for an element, it throws`() async throws {
    let task = Task {
      for try await _ in Arriving(interval: .seconds(1000)).concurrentMap(limit: 2, { $0 }) {}
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await settle()
    #expect(EventLoop.current?.timerCount == 0)
  }
}

/// Counts how many there are.
private final class CountedToken: Sendable {
  let gauge: Gauge

  init(_ gauge: Gauge) {
    self.gauge = gauge
    gauge.enter()
  }

  deinit { gauge.leave() }
}

/// Away from any loop of ours.
struct ConcurrentMapOnStockExecutorTests {
  @Test func `all elements are mapped, no more than the limit at once`() async throws {
    let gauge = Gauge()
    let hop: @Sendable (Int) async -> Int = { number in
      await gauge.inside {
        for _ in 0..<number % 7 { await Task.yield() }
        return number
      }
    }
    var results: [Int] = []
    for try await number in (0..<1000).concurrentMap(limit: 5, hop) { results.append(number) }
    for try await number in Arriving(count: 1000).concurrentMap(limit: 5, hop) { results.append(number) }
    #expect(results == Array(0..<1000) + Array(0..<1000))
    #expect(gauge.peak <= 5)
  }
}
