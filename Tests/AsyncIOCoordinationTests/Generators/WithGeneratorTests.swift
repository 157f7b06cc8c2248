import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct WithGeneratorTests {
  private struct CleanupFailure: Error, Equatable {}

  /// Gives numbers, and takes a second to clean up.
  private func slowToEnd(_ cleaned: Journal<Void>, failing: Bool = false) -> AsyncGenerator<Int> {
    AsyncGenerator { yield in
      do { for number in 0..<10 { try await yield(number) } } catch {
        await sleepUncancelled(for: .seconds(1))
        cleaned.note(())
        throw failing ? CleanupFailure() : error
      }
    }
  }

  @Test func `it returns what its body returns, when the cleanup has run`() async throws {
    let cleaned = Journal<Void>()
    let found = try await withGenerator(slowToEnd(cleaned)) { numbers in
      for try await number in numbers where number == 3 { return number }
      return 0
    }
    #expect(found == 3)
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(1))
  }  // test_contextlib_async: AclosingTestCase.test_aclosing, test_aclosing_bpo41229

  @Test func `the error of its body is thrown, when the cleanup has run`() async throws {
    let cleaned = Journal<Void>()
    await #expect(throws: TestFailure(1)) {
      try await withGenerator(slowToEnd(cleaned)) { numbers in
        for try await _ in numbers { throw TestFailure(1) }
      }
    }
    #expect(cleaned.count == 1)
  }  // test_contextlib_async: AclosingTestCase.test_aclosing_error

  @Test func `the error of the cleanup is thrown`() async throws {
    await #expect(throws: CleanupFailure()) {
      try await withGenerator(slowToEnd(Journal(), failing: true)) { numbers in
        for try await _ in numbers { break }
      }
    }
  }

  @Test func `errors of body and cleanup are thrown as a group`() async throws {
    do {
      try await withGenerator(slowToEnd(Journal(), failing: true)) { numbers in
        for try await _ in numbers { throw TestFailure(1) }
      }
      Issue.record("no error was thrown")
    } catch let group as ErrorGroup {
      #expect(group.errors.count == 2)
      #expect(group.errors.first as? TestFailure == TestFailure(1))
      #expect(group.errors.last is CleanupFailure)
    }
  }

  @Test func `an error that was thrown to the body is thrown once`() async throws {
    let generator = AsyncGenerator<Int> { _ in throw TestFailure(1) }
    await #expect(throws: TestFailure(1)) {
      try await withGenerator(generator) { numbers in for try await _ in numbers {} }
    }
    try await withGenerator(generator) { (numbers) -> Void in
      await #expect(throws: TestFailure(1)) { for try await _ in numbers {} }
    }
  }

  @Test func `a loop can be left and gone on with`() async throws {
    let journal = Journal<String>()
    try await withGenerator(counting(to: 4, journal)) { numbers in
      var values: [Int] = []
      for try await number in numbers {
        values.append(number)
        if number == 1 { break }
      }
      for try await number in numbers { values.append(number) }
      #expect(values == [0, 1, 2, 3])
    }
    #expect(journal.entries.filter { $0 == "starts" }.count == 1)
    #expect(journal.entries.last == "ends")
  }

  @Test func `who asks for nothing starts nothing`() async throws {
    let journal = Journal<String>()
    try await withGenerator(counting(to: 1, journal)) { _ in }
    #expect(journal.entries.isEmpty)
  }

  @Test func `when it is cancelled it waits for the cleanup all the same`() async throws {
    let cleaned = Journal<Void>()
    let generator = AsyncGenerator<Int> { _ in try await sleepAndCleanUp { cleaned.note(()) } }
    let task = Task {
      try await withGenerator(generator) { numbers in for try await _ in numbers {} }
    }
    try await sleep(for: .seconds(1))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(cleaned.count == 1)
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `the error of the cleanup wins over the cancellation`() async throws {
    let generator = slowToEnd(Journal(), failing: true)
    let task = Task {
      try await withGenerator(generator) { numbers in
        for try await _ in numbers { try await sleep(for: .seconds(1000)) }
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CleanupFailure()) { try await task.value }
  }

  @Test func `the error of a cleanup is thrown by the scope even if it comes before the scope's end`()
    async throws
  {
    let generator = AsyncGenerator<Int> { _ in
      do { try await sleep(for: .seconds(1000)) } catch { throw CleanupFailure() }
    }
    await #expect(throws: CleanupFailure()) {
      try await withGenerator(generator) { numbers in
        try? await withTimeout(.seconds(1)) { for try await _ in numbers {} }
        try await sleep(for: .seconds(1))
      }
    }
  }

  @Test func `after the scope there are no values`() async throws {
    let escaped = try await withGenerator(counting(to: 4)) { numbers in
      var iterator = numbers.makeAsyncIterator()
      let first = try await iterator.next()
      #expect(first == 0)
      return iterator
    }
    var iterator = escaped
    #expect(try await iterator.next() == nil)
  }
}
