import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct GatherHeterogeneousTests {
  @Test func `two operations of different types, with what they capture`() async throws {
    let seconds = 2
    let (number, text) = try await gather({ try await sleepThenReturn(seconds) }, { "\(seconds)" })
    #expect(number == 2)
    #expect(text == "2")
  }

  @Test func `values are in the order of the arguments, whatever the order of the ends`() async throws {
    let (a, b, c, d, e, f) = try await gather(
      { try await sleepThenReturn(6) }, { "5: \(try await sleepThenReturn(5))" },
      { [try await sleepThenReturn(4)] }, { Double(try await sleepThenReturn(3)) },
      { try await sleepThenReturn(2) == 2 }, { Character("\(try await sleepThenReturn(1))") })
    #expect((a, b, c, d, e) == (6, "5: 5", [4], 3.0, true))
    #expect(f == "1")
    #expect(LoopClock.now == .seconds(6))
  }

  @Test func `three, four and five`() async throws {
    #expect(try await gather({ 1 }, { "2" }, { 3.0 }) == (1, "2", 3.0))
    #expect(try await gather({ 1 }, { "2" }, { 3.0 }, { [4] }) == (1, "2", 3.0, [4]))
    #expect(try await gather({ 1 }, { "2" }, { 3.0 }, { [4] }, { true }) == (1, "2", 3.0, [4], true))
  }

  @Test func `an error cancels the others, which are awaited`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(2)) {
      try await gather(
        { try await sleepAndCleanUp { cleaned.note(1) } },
        {
          try await sleep(for: .seconds(1))
          throw TestFailure(2)
        },
        {
          try await sleepAndCleanUp { cleaned.note(3) }
          return "3"
        })
    }
    #expect(cleaned.entries == [1, 3])
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `cancelling it cancels all`() async throws {
    let cleaned = Journal<Int>()
    let task = Task {
      try await gather(
        { try await sleepAndCleanUp { cleaned.note(1) } }, { try await sleepAndCleanUp { cleaned.note(2) } })
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.entries == [1, 2])
  }
}
