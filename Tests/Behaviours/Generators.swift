import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let generators = [
    Behaviour("a generator and its consumer take turns, whether they wait or not") {
      let gate = Gate()
      let notes = Notes<String>()
      let generator = AsyncGenerator<Int> { yield in
        for number in 0..<3 {
          notes.note("gives \(number)")
          try await yield(number)
          if number == 1 { try await gate.pass() }
        }
      }
      for try await number in generator {
        notes.note("takes \(number)")
        await Task.yield()
        gate.open()
      }
      try expect(
        notes.entries, equals: ["gives 0", "takes 0", "gives 1", "takes 1", "gives 2", "takes 2"])
    },
    Behaviour("an error of a generator comes after its values") {
      let generator = AsyncGenerator<Int> { yield in
        try await yield(1)
        throw Failure(2)
      }
      var iterator = generator.makeAsyncIterator()
      try await expect(try iterator.next(), equals: 1)
      try await expect(throws: Failure(2)) { try await iterator.next() }
      try await expect(try iterator.next(), equals: nil)
    },
    Behaviour("leaving the loop over a generator cancels it") {
      let cleaned = Gate()
      let generator = AsyncGenerator<Int> { yield in
        defer { cleaned.open() }
        try await expectCancellation { try await yield(1) }
      }
      for try await _ in generator { break }
      try await cleaned.pass()
    },
    Behaviour("cancelling who waits for a value cancels the generator") {
      let (started, cleaned) = (Gate(), Gate())
      let task = Task {
        let generator = AsyncGenerator<Int> { _ in
          try await waitAndCleanUp(started: started) { cleaned.open() }
        }
        for try await _ in generator {}
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try await cleaned.pass()
    },
    Behaviour("the scope of a generator ends after its cleanup, whose error it throws") {
      let cleaned = Gate()
      let notes = Notes<String>()
      let generator = AsyncGenerator<Int> { yield in
        do { try await yield(1) } catch {
          await cleaned.passUncancelled()
          notes.note("cleaned")
          throw Failure(1)
        }
      }
      let opener = Task {
        for _ in 0..<10 { await Task.yield() }
        notes.note("opens")
        cleaned.open()
      }
      try await expect(throws: Failure(1)) {
        try await withGenerator(generator) { values in
          for try await _ in values { break }
        }
      }
      try expect(notes.entries, equals: ["opens", "cleaned"])
      await opener.value
    },
    Behaviour("a generator that prefetches gives all its values in order") {
      let generator = AsyncGenerator<Int> { yield in
        for number in 0..<100 { try await yield(number) }
      }
      var values: [Int] = []
      for try await number in generator.prefetch(3) { values.append(number) }
      try expect(values, equals: Array(0..<100))
    },
    Behaviour("a generator calls the closure of forEach in turn, whether they wait or not") {
      let gate = Gate()
      let notes = Notes<String>()
      let generator = AsyncGenerator<Int> { yield in
        for number in 0..<3 {
          notes.note("gives \(number)")
          try await yield(number)
          if number == 1 { try await gate.pass() }
        }
      }
      try await generator.forEach { number in
        notes.note("takes \(number)")
        await Task.yield()
        gate.open()
      }
      try expect(
        notes.entries, equals: ["gives 0", "takes 0", "gives 1", "takes 1", "gives 2", "takes 2"])
    },
    Behaviour("forEach throws the error of its closure after the generator's cleanup") {
      let notes = Notes<String>()
      let generator = AsyncGenerator<Int> { yield in
        do { try await yield(1) } catch {
          await Task.yield()
          notes.note("cleaned")
          throw error
        }
      }
      try await expect(throws: Failure(1)) { try await generator.forEach { _ in throw Failure(1) } }
      try expect(notes.entries, equals: ["cleaned"])
    },
    Behaviour("cancelling who is in forEach ends it after the generator's cleanup") {
      let (started, cleaned) = (Gate(), Notes<String>())
      let task = Task {
        let generator = AsyncGenerator<Int> { yield in
          do { try await yield(1) } catch {
            await Task.yield()
            cleaned.note("cleaned")
            throw error
          }
        }
        try await generator.forEach { _ in try await waitAndCleanUp(started: started) {} }
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(cleaned.entries, equals: ["cleaned"])
    },
    Behaviour("the closure of forEach is on its caller's actor") {
      let task = Task { @MainActor in
        var sum = 0
        let numbers = AsyncGenerator<Int> { yield in for number in 0..<3 { try await yield(number) } }
        try await numbers.forEach { number in
          MainActor.assertIsolated()
          sum += number
        }
        try await numbers.forEach { number in
          await Task.yield()
          MainActor.assertIsolated()
          sum += number
        }
        return sum
      }
      try await expect(try task.value, equals: 6)
    },
  ]
}
