import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let racing = [
    Behaviour("a race is won by the first end, and the losers have ended") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      let winner = try await race(
        {
          try await waitAndCleanUp(started: started) { cleaned.note(()) }
          return 1
        },
        {
          try await started.pass()
          return 2
        })
      try expect(winner, equals: 2)
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("a race that nobody wins throws all errors") {
      do {
        _ = try await race(0..<3, until: .firstSuccess) { number -> Int in throw Failure(number) }
        try expect(false)
      } catch let group as ErrorGroup {
        try expect(group.errors(of: Failure.self).map(\.number).sorted(), equals: [0, 1, 2])
      }
    },
    Behaviour("a race that is cancelled cancels all, and waits") {
      let (gates, cleaned) = ((0..<3).map { _ in Gate() }, Notes<Int>())
      let task = Task {
        try await race(0..<3) { number in
          try? await waitAndCleanUp(started: gates[number]) { cleaned.note(number) }
        }
      }
      for gate in gates { try await gate.pass() }
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(cleaned.entries.sorted(), equals: [0, 1, 2])
    },
    Behaviour("a staggered race starts the next after a failure") {
      let (value, index, errors) = try await staggeredRace(0..<3, delay: nil) { number in
        if number == 0 { throw Failure(0) }
        return number * 10
      }
      try expect(value, equals: 10)
      try expect(index, equals: 1)
      try expect(errors.map { $0 as? Failure }, equals: [Failure(0), nil])
    },  // test_staggered: test_first_error_second_successful
    Behaviour("a staggered race starts the next after a delay, and cancels what it beats") {
      let cleaned = Notes<Void>()
      let (value, index, errors) = try await staggeredRace([0, 1], delay: .milliseconds(2)) { number in
        if number == 0 { try await waitAndCleanUp { cleaned.note(()) } }
        return number
      }
      try expect(value, equals: 1)
      try expect(index, equals: 1)
      try expect(errors.first as? CancellationError != nil)
      try expect(cleaned.count, equals: 1)
    },  // test_staggered: test_first_timeout_second_successful
    Behaviour("errors of gatherResults are in their places") {
      let results = try await gatherResults(0..<3) { number in
        switch number {
        case 0: throw Failure(0)
        case 1: throw CancellationError()
        default: return number
        }
      }
      try expect(results.map { try? $0.get() }, equals: [nil, nil, 2])
      try await expect(throws: Failure(0)) { try results[0].get() }
      try await expectCancellation { try results[1].get() }
    },
    Behaviour("a gather that leaves the others running throws at once, and they go on") {
      let (started, gate, ended) = (Gate(), Gate(), Gate())
      try await expect(throws: Failure(1)) {
        try await gather([0, 1], onError: .leaveOthersRunning) { number in
          guard number == 0 else {
            try await started.pass()
            throw Failure(1)
          }
          started.open()
          try await gate.pass()
          ended.open()
        }
      }
      gate.open()
      try await ended.pass()
    },
    Behaviour("a concurrent map gives results in order, and no more run at once than its limit") {
      let level = Level()
      var results: [Int] = []
      for try await number in (0..<50).concurrentMap(
        limit: 4,
        { number in
          try await level.inside { try await sleep(for: .microseconds(number % 5 * 100)) }
          return number
        })
      {
        results.append(number)
      }
      try expect(results, equals: Array(0..<50))
      try expect(level.peak <= 4)
    },
    Behaviour("ticks come until the task is cancelled") {
      let (ticks, enough) = (Notes<LoopClock.Instant>(), Gate())
      let task = Task {
        for await tick in every(.microseconds(200)) {
          ticks.note(tick)
          if ticks.count == 3 { enough.open() }
        }
      }
      try await enough.pass()
      task.cancel()
      await task.value
      try expect(ticks.entries == ticks.entries.sorted())
    },
  ]
}
