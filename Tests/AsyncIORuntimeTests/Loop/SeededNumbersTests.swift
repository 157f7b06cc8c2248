import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite struct SeededNumbersTests {
  @Test func `the same seed gives the same numbers, another one others`() {
    func numbers(_ seed: UInt64) -> [Int] {
      var numbers = SeededNumbers(seed: seed)
      return (0..<100).map { _ in numbers.next(below: 1000) }
    }
    #expect(numbers(1) == numbers(1))
    #expect(numbers(1) != numbers(2))
    #expect(numbers(1).allSatisfy { (0..<1000).contains($0) })
    // The first numbers of SplitMix64, as its authors give them.
    var reference = SeededNumbers(seed: 1_234_567)
    #expect(reference.next() == 6_457_827_717_110_365_317)
    #expect(reference.next() == 3_203_168_211_198_807_973)
  }

  @Test func `a loop's randomness is that of its seed where time is virtual`() async throws {
    func draw(_ seed: UInt64?) async throws -> UInt64 {
      try await onVirtualLoop(seed: seed) {
        var randomness = LoopRandomness()
        return randomness.next()
      }
    }
    let first = try await draw(1)
    #expect(try await draw(1) == first)
    #expect(try await draw(2) != first)
    #expect(try await draw(nil) == draw(nil))
  }

  @Test func `drawing from it does not change the order of tasks`() async throws {
    func order(drawing: Bool) async throws -> [Int] {
      try await onVirtualLoop(seed: 7) {
        let order = Journal<Int>()
        let tasks = (0..<20).map { number in
          Task {
            var randomness = LoopRandomness()
            if drawing { _ = randomness.next() }
            order.note(number)
          }
        }
        for task in tasks { await task.value }
        return order.entries
      }
    }
    #expect(try await order(drawing: true) == order(drawing: false))
  }

  @Test(.realTime) func `in real time it is the system's`() {
    var randomness = LoopRandomness()
    #expect(randomness.next() != randomness.next())
  }
}
