import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct GatherTests {
  @Test func `results are in the order of the elements, whatever the order of the ends`() async throws {
    let ended = Journal<Int>()
    let results = try await gather([3, 1, 2]) { seconds in
      try await sleep(for: .seconds(seconds))
      ended.note(seconds)
      return "\(seconds)"
    }
    #expect(results == ["3", "1", "2"])
    #expect(ended.entries == [1, 2, 3])
    #expect(LoopClock.now == .seconds(3))
  }  // test_tasks: GatherTestsBase.test_success

  @Test func `no elements give no results at once`() async throws {
    let others = Journal<Void>()
    Task { others.note(()) }
    let results = try await gather([Int]()) { $0 }
    #expect(results.isEmpty)
    #expect(others.count == 0, "it has not given way")
  }  // test_tasks: GatherTestsBase (empty sequence)

  @Test func `any sequence will do, and one element is one operation`() async throws {
    #expect(try await gather(stride(from: 0, to: 10, by: 3)) { $0 * 2 } == [0, 6, 12, 18])
    #expect(try await gather(CollectionOfOne("a")) { $0 + "!" } == ["a!"])
    #expect(try await gather([7, 7]) { $0 } == [7, 7], "equal elements are two operations")
  }  // test_tasks: CoroutineGatherTests.test_duplicate_coroutines, where one object is awaited twice

  @Test(arguments: [1, 2, 7, 100, 1000]) func `no more than the limit run at once`(_ limit: Int) async throws
  {
    let gauge = Gauge()
    let started = Journal<Int>()
    _ = try await gather(0..<100, limit: limit) { number in
      started.note(number)
      try await gauge.inside { try await sleep(for: .milliseconds(1 + number % 5)) }
    }
    #expect(gauge.peak == min(limit, 100))
    #expect(gauge.total == 100)
    #expect(started.entries == Array(0..<100))
  }

  @Test func `a limit of one is a loop`() async throws {
    let journal = Journal<String>()
    _ = try await gather(["a", "b", "c"], limit: 1) { name in
      journal.note("begin \(name)")
      try await sleep(for: .seconds(1))
      journal.note("end \(name)")
    }
    #expect(journal.entries == ["begin a", "end a", "begin b", "end b", "begin c", "end c"])
    #expect(LoopClock.now == .seconds(3))
  }

  @Test func `an end makes room for the next at once`() async throws {
    let started = Journal<LoopClock.Instant>()
    _ = try await gather([3, 1, 1, 1], limit: 2) { seconds in
      started.note(.now)
      try await sleep(for: .seconds(seconds))
    }
    #expect(started.entries == [.seconds(0), .seconds(0), .seconds(1), .seconds(2)])
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a limit below one is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = try await gather([1], limit: 0) { $0 }
    }
  }

  @Test func `without a limit all have started before any has ended`() async throws {
    let gauge = Gauge()
    _ = try await gather(0..<1000) { _ in
      try await gauge.inside { try await sleep(for: .seconds(1)) }
    }
    #expect(gauge.peak == 1000)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `a thousand operations that are ready take one task`() async throws {
    let tasks = try await gather(0..<1000) { _ in currentTask }
    #expect(Set(tasks).count == 1)
  }

  @Test func `operations that wait have a task each`() async throws {
    let tasks = try await gather(0..<100) { _ in
      let task = currentTask
      try await sleep(for: .seconds(1))
      return task
    }
    #expect(Set(tasks).count == 100)
  }

  @Test(arguments: [nil, 1, 2])
  func `an operation that cancels its own task cancels none of the others`(_ limit: Int?) async throws {
    let seen = try await gather(0..<10, limit: limit) { number in
      if number % 3 == 1 { cancelCurrentTask() }
      if number % 2 == 0 { await giveWay() }
      return Task.isCancelled
    }
    #expect(seen == (0..<10).map { $0 % 3 == 1 })
  }

  @Test func `gathers may be nested`() async throws {
    let results = try await gather(0..<10, limit: 3) { row in
      try await gather(0..<10, limit: 4) { column in
        try await sleep(for: .milliseconds((row * 7 + column * 3) % 11))
        return row * 10 + column
      }
    }
    #expect(results.flatMap { $0 } == Array(0..<100))
  }

  @Test func `an operation may gather again, deeply`() async throws {
    @Sendable func sum(_ depth: Int) async throws -> Int {
      guard depth > 0 else { return 1 }
      return try await gather(0..<2) { _ in try await sum(depth - 1) }.reduce(0, +)
    }
    #expect(try await sum(8) == 256)
  }  // test_eager_task_factory: BaseTaskCountingTests.test_recursive_gather

  @Test func `operations see the caller's task-local values and loop`() async throws {
    let loop = try #require(EventLoop.current)
    let seen = try await Local.$value.withValue(7) {
      try await gather(0..<5) { _ in
        try await sleep(for: .seconds(1))
        #expect(loop.isCurrent)
        return Local.value
      }
    }
    #expect(seen == [7, 7, 7, 7, 7])
  }

  @Test func `results and elements go away with the caller's array`() async throws {
    weak var element: Token?
    weak var result: Token?
    do {
      let token = Token()
      element = token
      let results = try await gather([token]) { _ in
        try await sleep(for: .seconds(1))
        return Token()
      }
      result = results.first
      #expect(result != nil)
    }
    await settle()
    #expect(element == nil)
    #expect(result == nil)
  }

  private enum Local {
    @TaskLocal static var value = 0
  }
}

/// Which task this is, as long as it lives.
var currentTask: Int { unsafe withUnsafeCurrentTask { unsafe $0?.hashValue ?? 0 } }

extension LoopClock.Instant {
  /// An instant after the beginning of virtual time.
  static func seconds(_ seconds: Int) -> Self { Self(nanoseconds: 0).advanced(by: .seconds(seconds)) }
}
