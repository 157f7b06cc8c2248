import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let gathering = [
    Behaviour("gather gives results in the order of the elements") {
      // Each one waits for the end of the next: they end from the last to the first.
      let gates = (0...5).map { _ in Gate() }
      gates[5].open()
      let ended = Notes<Int>()
      let results = try await gather(0..<5) { number in
        try await gates[number + 1].pass()
        ended.note(number)
        gates[number].open()
        return number * 10
      }
      try expect(results, equals: [0, 10, 20, 30, 40])
      try expect(ended.entries, equals: [4, 3, 2, 1, 0])
    },
    Behaviour("gather gives values of different types") {
      let (number, text) = try await gather(
        {
          try await checkpoint()
          return 1
        }, { "one" })
      try expect(number, equals: 1)
      try expect(text, equals: "one")
    },
    Behaviour("no elements give no results") {
      try await expect(try gather([Int]()) { $0 }, equals: [])
    },
    Behaviour("no more operations of a gather than its limit run at once") {
      let level = Level()
      let results = try await gather(0..<50, limit: 4) { number in
        try await level.inside { try await sleep(for: .microseconds(number % 7 * 100)) }
        return number
      }
      try expect(results, equals: Array(0..<50))
      try expect(level.peak <= 4 && level.total == 50)
    },
    Behaviour("the first error of a gather cancels the others, whose cleanup is awaited") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      try await expect(throws: Failure(1)) {
        try await gather([0, 1]) { number in
          guard number == 1 else { return try await waitAndCleanUp(started: started) { cleaned.note(()) } }
          try await started.pass()
          throw Failure(1)
        }
      }
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("a gather that is cancelled cancels all, waits, and throws") {
      let (gates, ended) = ((0..<5).map { _ in Gate() }, Notes<Int>())
      let task = Task {
        try await gather(0..<5) { number in
          // Suppresses it, and ends well.
          try? await waitAndCleanUp(started: gates[number]) { ended.note(number) }
        }
      }
      for gate in gates { try await gate.pass() }
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(ended.entries.sorted(), equals: [0, 1, 2, 3, 4])
    },
    Behaviour("an operation that throws a cancellation ends its gather, and not the caller") {
      try await expectCancellation {
        try await gather(0..<3) { number in
          if number == 1 { throw CancellationError() }
          try await sleep(for: .seconds(1000))
        }
      }
      try expect(!Task.isCancelled)
    },
    Behaviour("an operation of a gather that cancels its own task cancels none of the others") {
      let seen = try await gather(0..<10) { number in
        if number == 1 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
        return Task.isCancelled
      }
      try expect(seen, equals: (0..<10).map { $0 == 1 })
    },
    Behaviour("a gather that has ended cannot be cancelled") {
      let task = Task { try await gather(0..<3) { $0 } }
      try await expect(try task.value, equals: [0, 1, 2])
      task.cancel()
      try await expect(try task.value, equals: [0, 1, 2])
    },
    Behaviour("gathers may be nested") {
      @Sendable func sum(_ depth: Int) async throws -> Int {
        guard depth > 0 else { return 1 }
        return try await gather(0..<3) { _ in
          try await checkpoint()
          return try await sum(depth - 1)
        }.reduce(0, +)
      }
      try await expect(try sum(5), equals: 243)
    },
  ]
}
