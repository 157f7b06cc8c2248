import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct AsyncGeneratorPrefetchTests {
  private struct Lost: Error {}

  @Test(arguments: [1, 2, 5]) func `it is so many values ahead, and no more`(_ count: Int) async throws {
    let journal = Journal<String>()
    var iterator = counting(to: 100, journal).prefetch(count).makeAsyncIterator()
    await settle()
    #expect(journal.entries.isEmpty)
    for taken in 1...3 {
      #expect(try await iterator.next() == taken - 1)
      await settle()
      #expect(journal.entries.last == "gives \(taken + count - 1)")
    }
  }

  @Test func `producer and consumer work at the same time`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 {
        try await sleep(for: .seconds(1))
        try await yield(number)
      }
    }
    var values: [Int] = []
    for try await number in generator.prefetch(1) {
      values.append(number)
      try await sleep(for: .seconds(1))
    }
    #expect(values == [0, 1, 2])
    #expect(LoopClock.now == .seconds(4))
  }

  @Test func `an error comes after the values before it`() async throws {
    let generator = AsyncGenerator<Int> { yield in
      for number in 0..<3 { try await yield(number) }
      throw TestFailure(3)
    }
    var values: [Int] = []
    await #expect(throws: TestFailure(3)) {
      for try await number in generator.prefetch(10) {
        values.append(number)
        await settle()
      }
    }
    #expect(values == [0, 1, 2])
  }

  @Test func `leaving the loop cancels the producer, and the scoped form waits for it`() async throws {
    let cleaned = Journal<Void>()
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      try await sleepAndCleanUp { cleaned.note(()) }
    }
    for try await _ in generator.prefetch(1) { break }
    #expect(cleaned.count == 0)
    try await sleep(for: .seconds(2))
    #expect(cleaned.count == 1)
    try await withGenerator(generator.prefetch(1)) { for try await _ in $0 { break } }
    #expect(cleaned.count == 2)
  }

  @Test(arguments: [false, true]) func `an error that nobody has taken is not lost`(_ inCleanup: Bool)
    async throws
  {
    let generator = AsyncGenerator<Int> { yield in
      try await yield(1)
      if inCleanup { do { try await sleep(for: .seconds(1000)) } catch {} }
      throw Lost()
    }
    await #expect(throws: Lost.self) {
      try await withGenerator(generator.prefetch(1)) { numbers in
        for try await _ in numbers {
          await settle()
          break
        }
      }
    }
  }

  @Test(.realTime, .deadline(.seconds(60))) func `less than one value is refused`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = AsyncGenerator<Int> { _ in }.prefetch(0)
    }
    #expect(result.says("a generator prefetches at least 1 value, not 0"))
  }
}
