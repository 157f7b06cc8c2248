import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct AsCompletedTests {
  @Test func `results come in the order of the ends, each as soon as it is there`() async throws {
    var results: [Int] = []
    for try await seconds in asCompleted([3, 1, 2], sleepThenReturn) {
      results.append(seconds)
      #expect(LoopClock.now == .seconds(seconds))
    }
    #expect(results == [1, 2, 3])
  }  // test_tasks: BaseTaskTests.test_as_completed, test_as_completed_reverse_wait

  @Test func `operations that end at the same instant come in the order of the elements`() async throws {
    var results: [Int] = []
    for try await number in asCompleted(
      0..<100,
      { number in
        try await sleep(for: .seconds(1))
        return number
      })
    {
      results.append(number)
    }
    #expect(results == Array(0..<100))
  }  // test_tasks: BaseTaskTests.test_as_completed_concurrent

  @Test func `operations that never wait come in the order of the elements`() async throws {
    var results: [Int] = []
    for try await number in asCompleted(0..<1000, { $0 }) { results.append(number) }
    #expect(results == Array(0..<1000))
  }

  @Test func `equal elements are operations of their own`() async throws {
    var count = 0
    for try await _ in asCompleted([1, 1, 1], sleepThenReturn) { count += 1 }
    #expect(count == 3)
  }  // test_tasks: BaseTaskTests.test_as_completed_duplicate_coroutines, where one object is merged

  @Test(arguments: [1, 3, 50, 1000]) func `no more than the limit run at once`(_ limit: Int) async throws {
    let gauge = Gauge()
    let started = Journal<Int>()
    let results = asCompleted(0..<50, limit: limit) { number in
      started.note(number)
      try await gauge.inside { try await sleep(for: .milliseconds(1 + number % 7)) }
    }
    for try await _ in results {}
    #expect(gauge.peak == min(limit, 50))
    #expect(started.entries == Array(0..<50))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a limit below one is refused`() async {
    await #expect(processExitsWith: .failure) {
      _ = asCompleted([1], limit: 0) { $0 }
    }
  }

  @Test func `nothing starts before the first result is asked for`() async throws {
    let started = Journal<Int>()
    let results = asCompleted(0..<3) { started.note($0) }
    await settle()
    #expect(started.count == 0)
    var iterator = results.makeAsyncIterator()
    try await iterator.next()
    #expect(started.count == 3)
  }

  @Test func `no elements end at once, and stay at the end`() async throws {
    var iterator = asCompleted([Int](), sleepThenReturn).makeAsyncIterator()
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
  }

  @Test func `after the end there is nil, as often as one asks`() async throws {
    var iterator = asCompleted([1], sleepThenReturn).makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    #expect(try await iterator.next() == nil)
    #expect(try await iterator.next() == nil)
  }

  @Test func `results wait for a slow consumer`() async throws {
    var results: [Int] = []
    for try await seconds in asCompleted([2, 1, 3], sleepThenReturn) {
      results.append(seconds)
      try await sleep(for: .seconds(10))
    }
    #expect(results == [1, 2, 3])
    #expect(LoopClock.now == .seconds(31))
  }

  @Test func `it can be taken up again where one has left off`() async throws {
    var iterator = asCompleted([3, 1, 2], sleepThenReturn).makeAsyncIterator()
    let first = try await iterator.next()
    var rest: [Int] = []
    while let seconds = try await iterator.next() { rest.append(seconds) }
    #expect(first == 1)
    #expect(rest == [2, 3])
  }  // test_tasks: BaseTaskTests.test_as_completed_resume_iterator

  @Test func `it can be left and taken up again with the same iterator, as often as one likes`() async throws
  {
    var iterator = asCompleted(0..<4, { $0 }).makeAsyncIterator()
    var results: [Int] = []
    while let number = try await iterator.next() {
      results.append(number)
      if results.count == 2 { break }
    }
    await settle()
    while let number = try await iterator.next() { results.append(number) }
    #expect(results == [0, 1, 2, 3])
  }  // test_tasks: BaseTaskTests.test_as_completed_resume_iterator

  @Test func `a timeout around the whole loop ends it, and what is left`() async throws {
    let cleaned = Journal<Int>()
    let results = Journal<Int>()
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(1200)) {
        for try await number in asCompleted([1, 15], { try await sleepThenReturn($0) { cleaned.note($0) } }) {
          results.note(number)
        }
      }
    }
    #expect(results.entries == [1])
    #expect(LoopClock.now == .milliseconds(1200))
    await settle()
    #expect(cleaned.entries == [15])
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: BaseTaskTests.test_as_completed_with_timeout

  @Test func `a timeout that is not used changes nothing`() async throws {
    var results: [Int] = []
    try await withTimeout(.seconds(10)) {
      for try await number in asCompleted([2, 1], sleepThenReturn) { results.append(number) }
    }
    #expect(results == [1, 2])
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_tasks: BaseTaskTests.test_as_completed_with_unused_timeout

  @Test func `tasks that run already come in the order of their ends, and can be told apart`() async throws {
    let tasks = [3, 1, 2].map { seconds in
      createTask(name: "\(seconds)") { try await sleepThenReturn(seconds) }
    }
    var names: [String?] = []
    for try await task in asCompleted(
      tasks,
      { task in
        _ = try await task.value
        return task
      })
    {
      #expect(task.isDone)
      names.append(task.name)
    }
    #expect(names == ["1", "2", "3"])
  }  // test_tasks: BaseTaskTests.test_as_completed_same_tasks_in_as_out

  @Test func `one task may be given twice`() async throws {
    let task = createTask { try await sleepThenReturn(1) }
    var results: [Int] = []
    for try await number in asCompleted([task, task], { try await $0.value }) { results.append(number) }
    #expect(results == [1, 1])
  }  // test_tasks: BaseTaskTests.test_as_completed_duplicate_coroutines, where they are merged

  @Test func `a timeout around each result`() async throws {
    let seen = Journal<String>()
    await #expect(throws: TimeoutError.self) {
      var iterator = asCompleted([1, 2, 10], sleepThenReturn).makeAsyncIterator()
      while let seconds = try await withTimeout(.seconds(5), { try await iterator.next() }) {
        seen.note("\(seconds)")
      }
    }
    #expect(seen.entries == ["1", "2"])
    #expect(LoopClock.now == .seconds(7))
  }  // test_tasks: BaseTaskTests.test_as_completed_with_timeout

  @Test func `an operation that cancels its own task cancels none of the others`() async throws {
    var seen: [Bool] = []
    let results = asCompleted(0..<10) { number in
      if number == 1 { cancelCurrentTask() }
      return Task.isCancelled
    }
    for try await isCancelled in results { seen.append(isCancelled) }
    #expect(seen.count { $0 } == 1)
    #expect(seen.count == 10)
  }

  @Test func `two iterations run the operations twice`() async throws {
    let started = Journal<Int>()
    let results = asCompleted(0..<3) { started.note($0) }
    for try await _ in results {}
    for try await _ in results {}
    #expect(started.entries == [0, 1, 2, 0, 1, 2])
  }
}

/// Gives a number after so many seconds; tells if it is cancelled.
private func sleepThenReturn(_ seconds: Int, cancelled: (Int) -> Void) async throws -> Int {
  do {
    return try await sleepThenReturn(seconds)
  } catch {
    cancelled(seconds)
    throw error
  }
}

/// Gives a number after so many seconds.
func sleepThenReturn(_ seconds: Int) async throws -> Int {
  try await sleep(for: .seconds(seconds))
  return seconds
}
