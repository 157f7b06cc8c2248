import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// What a producer runs under, and who owns it.
@Suite(.virtualTime) struct AsyncGeneratorContextTests {
  @TaskLocal static var tag = "none"

  private let deadlines = AsyncGenerator<Duration?> { yield in
    while true {
      let deadline = CancelScope.effectiveDeadline
      try await yield(deadline.map { LoopClock.Instant(nanoseconds: 0).duration(to: $0) })
    }
  }

  @Test func `its deadline is that of the consumer that waits for it`() async throws {
    var iterator = deadlines.makeAsyncIterator()
    #expect(try await iterator.next() == .some(nil))
    #expect(try await withTimeout(.seconds(5)) { try await iterator.next() } == .seconds(5))
    #expect(try await withTimeout(.seconds(3)) { try await iterator.next() } == .seconds(3))
    #expect(try await iterator.next() == .some(nil))
  }

  @Test func `a timeout around the first value is none for the others`() async throws {
    var iterator = deadlines.makeAsyncIterator()
    #expect(try await withTimeout(.seconds(5)) { try await iterator.next() } == .seconds(5))
    try await sleep(for: .seconds(10))
    #expect(try await iterator.next() == .some(nil))
  }

  @Test func `its own timeouts count too`() async throws {
    let generator = AsyncGenerator<Bool> { yield in
      let isNear = try await withTimeout(.seconds(1)) {
        CancelScope.effectiveDeadline.map { $0 <= LoopClock.now.advanced(by: .seconds(1)) } ?? false
      }
      try await yield(isNear)
    }
    try await withTimeout(.seconds(5)) { for try await isNear in generator { #expect(isNear) } }
  }

  @Test func `it can tell why its consumer was cancelled, or that it has left`() async throws {
    let reasons = Journal<String>()
    let generator = AsyncGenerator<Int> { yield in
      do {
        try await yield(1)
        try await sleep(for: .seconds(1000))
      } catch { reasons.note(Task.cancellationReason.map(String.init(describing:)) ?? "none") }
    }
    _ = try await withTimeoutOrNil(.seconds(1)) { for try await _ in generator {} }
    await settle()
    for try await _ in generator { break }
    await settle()
    #expect(
      reasons.entries == ["the deadline has passed", "cancelled: the consumer of the generator has left"])
  }

  @Test func `it has the task-local values of whoever asks first`() async throws {
    let generator = AsyncGenerator<String> { yield in
      try await yield(Self.tag)
      try await yield(Self.tag)
    }
    var iterator = generator.makeAsyncIterator()
    #expect(try await Self.$tag.withValue("first") { try await iterator.next() } == "first")
    #expect(try await Self.$tag.withValue("second") { try await iterator.next() } == "first")
  }  // in Python each step has those of who asks for it

  @Test func `the registry names it while it runs`() async throws {
    let generator = AsyncGenerator<Int>(name: "rows", fileID: "App/Rows.swift", line: 7) { try await $0(1) }
    var iterator = generator.makeAsyncIterator()
    func names() -> [String] {
      TaskRegistry.shared.all.map(\.description).filter { $0.contains("Rows.swift:7") }
    }
    #expect(names().isEmpty)
    #expect(try await iterator.next() == 1)
    #expect(names() == ["task 'rows' (App/Rows.swift:7)"])
    #expect(try await iterator.next() == nil)
    #expect(names().isEmpty)
  }

  @Test(.realTime) func `the end of a run cancels it and waits for its cleanup`() async throws {
    let journal = Journal<String>()
    let keeper = Keeper()
    try await onVirtualLoop {
      let generator = AsyncGenerator<Int> { yield in
        do { try await yield(1) } catch {
          await sleepUncancelled(for: .seconds(1))
          journal.note(Task.cancellationReason.map(String.init(describing:)) ?? "none")
          throw error
        }
      }
      var iterator = generator.makeAsyncIterator()
      try await expectNext(&iterator, 1)
      unsafe keeper.iterator = iterator
    }
    #expect(journal.entries == ["the event loop shuts down"])
  }  // test_asyncgen: test_async_gen_asyncio_shutdown_01

  @Test(.realTime) func `the end of a run ends it after the tasks that are left`() async throws {
    let journal = Journal<String>()
    try await onVirtualLoop {
      let generator = AsyncGenerator<Int> { yield in
        do { while true { try await yield(1) } } catch {
          journal.note("generator")
          throw error
        }
      }
      createTask {
        var iterator = generator.makeAsyncIterator()
        _ = try await iterator.next()
        do { try await sleep(for: .seconds(1000)) } catch {
          await sleepUncancelled(for: .seconds(1))
          journal.note("task")
          _ = consume iterator
        }
      }
      await settle()
    }
    #expect(journal.entries == ["task", "generator"])
  }  // test_runners: RunTests.test_asyncio_run_closes_gens_after_hanging_tasks_errors

  @Test func `values of the main actor and of other actors come through`() async throws {
    let generator = AsyncGenerator<Int> { @MainActor yield in
      for number in 0..<3 {
        MainActor.assertIsolated()
        try await yield(number)
      }
    }
    let sum = try await Adder().sum(generator)
    #expect(sum == 3)
  }

  @Test func `consumer and producer on one actor take turns`() async throws {
    let adder = Adder()
    #expect(try await adder.sumOfOwn() == 10)
  }
}

private final class Keeper: @unchecked Sendable {
  nonisolated(unsafe) var iterator: AsyncGenerator<Int>.Iterator?
}

private actor Adder {
  var numbers = [1, 2, 3, 4]

  func sum(_ generator: AsyncGenerator<Int>) async throws -> Int {
    var sum = 0
    for try await number in generator {
      preconditionIsolated()
      sum += number
    }
    return sum
  }

  func takeFirst() -> Int? { numbers.isEmpty ? nil : numbers.removeFirst() }

  func sumOfOwn() async throws -> Int {
    let generator = AsyncGenerator<Int> { yield in
      while let number = await self.takeFirst() { try await yield(number) }
    }
    return try await sum(generator)
  }
}
