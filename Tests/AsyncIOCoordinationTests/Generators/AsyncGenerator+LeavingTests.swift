import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What becomes of a producer whose consumer has left, or is cancelled.
@Suite(.virtualTime) struct AsyncGeneratorLeavingTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  private func reports(_ name: String) -> [String] {
    UnhandledReports.all { ($0 as? Lost)?.name == name }.map(\.source)
  }

  @Test func `leaving the loop cancels the producer at once`() async throws {
    let journal = Journal<String>()
    for try await number in counting(to: 10, journal) where number == 2 { break }
    await settle()
    #expect(journal.entries == ["starts", "gives 0", "gives 1", "gives 2", "cancelled"])
    #expect(LoopClock.now == .seconds(0))
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_asyncio_gc_aclose_09

  @Test func `an error in the loop is thrown, and cancels the producer`() async throws {
    let journal = Journal<String>()
    await #expect(throws: TestFailure(1)) {
      for try await _ in counting(to: 10, journal) { throw TestFailure(1) }
    }
    await settle()
    #expect(journal.entries.last == "cancelled")
  }

  @Test func `the consumer goes on while the producer cleans up`() async throws {
    let cleaned = Journal<Duration>()
    let generator = AsyncGenerator<Int> { yield in
      do { try await yield(1) } catch {
        await sleepUncancelled(for: .seconds(5))
        cleaned.note(LoopClock.Instant(nanoseconds: 0).duration(to: .now))
      }
    }
    for try await _ in generator { break }
    #expect(LoopClock.now == .seconds(0))
    try await sleep(for: .seconds(6))
    #expect(cleaned.entries == [.seconds(5)])
  }

  @Test func `who leaves before the first value starts nothing`() async throws {
    let journal = Journal<String>()
    do { _ = counting(to: 1, journal).makeAsyncIterator() }
    await settle()
    #expect(journal.entries.isEmpty)
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_aclose_twice_with_different_coros

  @Test func `what the cleanup of a producer throws is reported`() async throws {
    let generator = AsyncGenerator<Int>(name: "rows", fileID: "App/Main.swift", line: 12) { yield in
      do { try await yield(1) } catch { throw Lost(name: "cleanup") }
    }
    for try await _ in generator { break }
    await settle()
    #expect(reports("cleanup") == ["task 'rows' (App/Main.swift:12)"])
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_asyncio_shutdown_exception_02

  @Test func `an error that nobody has asked for is reported`() async throws {
    let started = Journal<Void>()
    let generator = AsyncGenerator<Int>(fileID: "App/Main.swift", line: 12) { yield in
      try? await withTimeout(.seconds(1)) { try await yield(1) }
      started.note(())
      throw Lost(name: "never asked")
    }
    var iterator: AsyncGenerator<Int>.Iterator? = generator.makeAsyncIterator()
    #expect(try await iterator?.next() == 1)
    try await sleep(for: .seconds(2))
    #expect(started.count == 1)
    #expect(reports("never asked").isEmpty)
    iterator = nil
    #expect(reports("never asked") == ["task 'generator' (App/Main.swift:12)"])
  }

  @Test func `an error that was thrown to the consumer is not reported`() async throws {
    let generator = AsyncGenerator<Int> { _ in throw Lost(name: "delivered") }
    await #expect(throws: Lost.self) { for try await _ in generator {} }
    await settle()
    #expect(reports("delivered").isEmpty)
  }

  // MARK: Cancelled

  @Test func `cancelled before, next does not ask`() async throws {
    let journal = Journal<String>()
    let task = Task<Void, any Error> {
      var iterator = counting(to: 3, journal).makeAsyncIterator()
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      try await expectNext(&iterator, nil)
    }
    try await task.value
    #expect(journal.entries.isEmpty)
  }

  @Test func `cancelled between two values, next cancels the producer instead of asking`() async throws {
    let journal = Journal<String>()
    let task = Task<Void, any Error> {
      var iterator = counting(to: 3, journal).makeAsyncIterator()
      try await expectNext(&iterator, 0)
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      try await expectNext(&iterator, nil)
    }
    try await task.value
    await settle()
    #expect(journal.entries == ["starts", "gives 0", "cancelled"])
  }

  @Test func `cancelled while it waits, next throws at once and the producer cleans up by itself`()
    async throws
  {
    let cleaned = Journal<Void>()
    let task = Task<Void, any Error> {
      let generator = AsyncGenerator<Int> { _ in try await sleepAndCleanUp { cleaned.note(()) } }
      var iterator = generator.makeAsyncIterator()
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      #expect(LoopClock.now == .seconds(1))
      #expect(cleaned.count == 0)
      try await expectNext(&iterator, nil)
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    try await task.value
    try await sleep(for: .seconds(2))
    #expect(cleaned.count == 1)
    #expect(EventLoop.current?.timerCount == 0)
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_asyncio_aclose_08

  @Test func `cancelled just after the value was given, next returns it`() async throws {
    let task = Task {
      let generator = AsyncGenerator<Int> { yield in
        try await sleep(for: .seconds(1))
        // The consumer, which waits, is woken by this, and is cancelled before it runs.
        try await yield(1)
      }
      var iterator = generator.makeAsyncIterator()
      let first = try await iterator.next()
      #expect(Task.isCancelled)
      await #expect(throws: CancellationError.self) { try await iterator.next() }
      return first
    }
    await giveWay()
    let canceller = EventLoop.current?.callLater(.seconds(1)) { task.cancel() }
    #expect(try await task.value == 1)
    _ = canceller
  }

  @Test func `a timeout around the loop ends it and the producer`() async throws {
    let cleaned = Journal<Void>()
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      try await sleepAndCleanUp { cleaned.note(()) }
    }
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.seconds(1)) { for try await _ in generator {} }
    }
    #expect(LoopClock.now == .seconds(1))
    try await sleep(for: .seconds(2))
    #expect(cleaned.count == 1)
  }

  @Test func `a producer that does not heed its cancellation can give nothing more`() async throws {
    let refused = Journal<Int>()
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 {
        do { try await yield(number) } catch is CancellationError { refused.note(number) }
      }
    }
    for try await _ in generator { break }
    await settle()
    #expect(refused.entries == [0, 1, 2])
  }  // here Python raises "async generator ignored GeneratorExit"

  @Test func `a timeout in the producer ends a yield, and the next value waits until it is asked for`()
    async throws
  {
    let journal = Journal<String>()
    let generator = AsyncGenerator<Int> { yield in
      do {
        try await withTimeout(.seconds(1)) { try await yield(1) }
      } catch is TimeoutError { journal.note("the consumer is slow") }
      try await yield(2)
      journal.note("ends")
    }
    var iterator = generator.makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    try await sleep(for: .seconds(2))
    #expect(journal.entries == ["the consumer is slow"])
    #expect(try await iterator.next() == 2)
    #expect(try await iterator.next() == nil)
    #expect(journal.entries == ["the consumer is slow", "ends"])
  }

  @Test func `a yield in a timeout that is not over gives its value as any other`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 { try await withTimeout(.seconds(10)) { try await yield(number) } }
    }
    var values: [Int] = []
    for try await number in generator {
      values.append(number)
      try await sleep(for: .seconds(1))
    }
    #expect(values == [0, 1, 2])
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `who leaves ends a yield in a timeout or a shield too`() async throws {
    let journal = Journal<String>()
    let generator = AsyncGenerator<Int> { yield in
      do {
        try await withShield { try await withTimeout(.seconds(10)) { try await yield(1) } }
      } catch is CancellationError { journal.note("cancelled") }
    }
    for try await _ in generator { break }
    await settle()
    #expect(journal.entries == ["cancelled"])
    #expect(EventLoop.current?.timerCount == 0)
  }
}
