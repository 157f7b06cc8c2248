import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// A generator of the numbers from zero, which notes what it does.
func counting(to end: Int, _ journal: Journal<String> = Journal()) -> AsyncGenerator<Int> {
  AsyncGenerator { yield in
    journal.note("starts")
    do {
      for number in 0..<end {
        journal.note("gives \(number)")
        try await yield(number)
      }
    } catch {
      journal.note("cancelled")
      throw error
    }
    journal.note("ends")
  }
}

/// Expects a value, or the end, from the iterator of another task.
func expectNext(
  _ iterator: inout AsyncGenerator<Int>.Iterator, _ expected: Int?,
  at location: SourceLocation = #_sourceLocation
) async throws {
  let value = try await iterator.next()
  #expect(value == expected, sourceLocation: location)
}

@Suite(.virtualTime) struct AsyncGeneratorTests {
  @Test(arguments: [0, 1, 5, 1000]) func `values come in the order in which they are given`(_ count: Int)
    async throws
  {
    var values: [Int] = []
    for try await number in counting(to: count) { values.append(number) }
    #expect(values == Array(0..<count))
  }  // test_asyncgen: AsyncGenTest.test_async_gen_iteration_01

  @Test func `the two sides take turns, and the producer works only when it is asked`() async throws {
    let journal = Journal<String>()
    let generator = counting(to: 2, journal)
    var iterator = generator.makeAsyncIterator()
    await settle()
    #expect(journal.entries.isEmpty)
    #expect(try await iterator.next() == 0)
    await settle()
    #expect(journal.entries == ["starts", "gives 0"])
    #expect(try await iterator.next() == 1)
    await settle()
    #expect(journal.entries == ["starts", "gives 0", "gives 1"])
    #expect(try await iterator.next() == nil)
    #expect(journal.entries == ["starts", "gives 0", "gives 1", "ends"])
    #expect(try await iterator.next() == nil)
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_asyncio_anext_04

  @Test func `both sides may wait between values`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 {
        try await sleep(for: .seconds(1))
        try await yield(number)
      }
    }
    var values: [Int] = []
    for try await number in generator {
      values.append(number)
      try await sleep(for: .seconds(10))
    }
    #expect(values == [0, 1, 2])
    #expect(LoopClock.now == .seconds(33), "the producer does not work while the consumer does")
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_asyncio_01, test_async_gen_asyncio_03

  @Test func `each iteration runs the producer anew`() async throws {
    let journal = Journal<String>()
    let generator = counting(to: 2, journal)
    for _ in 0..<2 { for try await _ in generator {} }
    #expect(journal.entries.filter { $0 == "starts" }.count == 2)
    var (first, second) = (generator.makeAsyncIterator(), generator.makeAsyncIterator())
    #expect(try await first.next() == 0)
    #expect(try await second.next() == 0)
    #expect(try await first.next() == 1)
  }

  @Test func `an error comes after the values before it, once`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      throw TestFailure(2)
    }
    var iterator = generator.makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    await #expect(throws: TestFailure(2)) { try await iterator.next() }
    #expect(try await iterator.next() == nil)
  }  // test_asyncgen: AsyncGenTest.test_async_gen_exception_03, test_async_gen_exception_04

  @Test func `values that a producer gives while it cleans up come before its error`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      do {
        try await yield(1)
        throw TestFailure(1)
      } catch {
        try await yield(2)
        try await yield(3)
        throw error
      }
    }
    var values: [Int] = []
    await #expect(throws: TestFailure(1)) { for try await number in generator { values.append(number) } }
    #expect(values == [1, 2, 3])
  }  // test_asyncgen: AsyncGenTest.test_async_gen_exception_07

  @Test(arguments: [false, true]) func `an error comes also before any value`(_ waits: Bool) async throws {
    let generator = AsyncGenerator<Int> { _ in
      if waits { try await sleep(for: .seconds(1)) }
      throw TestFailure(1)
    }
    await #expect(throws: TestFailure(1)) {
      for try await _ in generator { Issue.record("there is no value") }
    }
  }

  @Test func `a producer may throw a cancellation by itself`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      throw CancellationError()
    }
    var iterator = generator.makeAsyncIterator()
    #expect(try await iterator.next() == 1)
    await #expect(throws: CancellationError.self) { try await iterator.next() }
    #expect(try await iterator.next() == nil)
  }

  @Test func `it can be mapped and filtered as any sequence`() async throws {
    let doubled = counting(to: 10).filter { $0.isMultiple(of: 2) }.map { $0 * 2 }
    var values: [Int] = []
    for try await number in doubled { values.append(number) }
    #expect(values == [0, 4, 8, 12, 16])
    #expect(try await counting(to: 10).first { $0 > 3 } == 4)
  }  // test_asyncgen: AsyncGenAsyncioTest.test_async_gen_expression_01

  @Test func `a producer may take from another generator, to any depth`() async throws {
    @Sendable func nested(_ depth: Int) -> AsyncGenerator<Int> {
      AsyncGenerator { yield in
        guard depth > 0 else { return try await yield(0) }
        for try await number in nested(depth - 1) { try await yield(number + 1) }
        try await yield(depth)
      }
    }
    var values: [Int] = []
    for try await number in nested(100) { values.append(number) }
    #expect(values.count == 101)
    #expect(values.allSatisfy { $0 == 100 })
  }

  @Test func `others get their turn while two sides that never wait hand over`() async throws {
    let turns = Journal<Int>()
    let other = Task {
      for turn in 0..<10 {
        turns.note(turn)
        await giveWay()
      }
    }
    for try await _ in counting(to: 10_000) {}
    #expect(turns.count == 10)
    await other.value
  }  // as tokio's budget; asyncio's generators run on

  @Test func `values go away when nobody uses them`() async throws {
    weak var last: Token?
    let generator = AsyncGenerator<Token> { yield in
      for _ in 0..<3 { try await yield(Token()) }
    }
    for try await token in generator { last = token }
    await settle()
    #expect(last == nil)
  }

  @Test(arguments: [0, 1, 3]) func `a run goes away with all that its producer holds`(_ taken: Int)
    async throws
  {
    weak var held: Token?
    do {
      let token = Token()
      held = token
      let generator = AsyncGenerator<Int> { yield in
        for number in 0..<3 {
          try await yield(number)
          _ = token
        }
      }
      var iterator = generator.makeAsyncIterator()
      for _ in 0..<taken { #expect(try await iterator.next() != nil) }
      if taken == 3 { #expect(try await iterator.next() == nil) }
    }
    await settle()
    #expect(held == nil)
  }

  @Test(.realTime, .deadline(.seconds(60))) func `two calls of next at once are refused`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await onVirtualLoop {
        let generator = AsyncGenerator<Int> { _ in try await sleep(for: .seconds(1)) }
        nonisolated(unsafe) var iterator = generator.makeAsyncIterator()
        nonisolated(unsafe) var copy = unsafe iterator
        async let first = unsafe iterator.next()
        async let second = unsafe copy.next()
        _ = try await (first, second)
      }
    }
    #expect(result.says("next was called on a generator while another call of it waits"))
  }  // Python: "asynchronous generator is already running"

  @Test(.realTime, .deadline(.seconds(60))) func `yield outside of its generator is refused`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await onVirtualLoop {
        let escaped = Escaped()
        for try await _ in AsyncGenerator<Int>({ unsafe escaped.yield = $0 }) {}
        try await unsafe escaped.yield?(1)
      }
    }
    #expect(result.says("yield was called outside of its generator"))
  }
}

private final class Escaped: @unchecked Sendable {
  nonisolated(unsafe) var yield: AsyncGenerator<Int>.Yield?
}
