import AsyncIORuntime
import Glibc
import Testing

@testable import AsyncIOTesting

struct TestRunTests {
  @Test func `an error of the body is passed on`() async throws {
    struct Failure: Error {}
    await #expect(throws: Failure.self) { try await perform { throw Failure() } }
  }

  @Test func `a deadlock names who waits for what, and cancels the test`() async throws {
    let wasCancelled = Journal<Bool>()
    let failures = try await perform {
      let outcome = await Waiter().wait(for: "queue get")
      wasCancelled.note(outcome == .cancelled)
      try Task.checkCancellation()
    }
    #expect(
      failures == ["deadlock: nothing can run and no timer is set\nthe test waits for queue get"])
    #expect(wasCancelled.entries == [true])
  }

  @Test func `a deadlock names the tasks that were made here and have not ended`() async throws {
    let failures = try await perform {
      let waiting = makeRecordedTask("consumer") { _ = await Waiter().wait(for: "queue get") }
      let silent = makeRecordedTask("other") {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for await _ in stream {}
        continuation.finish()
      }
      await waiting.value
      await silent.value
    }
    let text = try #require(failures.first)
    #expect(text.contains("task 'consumer' (AsyncIOTestingTests/TestRunTests.swift:"))
    #expect(text.contains("waits for queue get"))
    #expect(text.contains("task 'other' (AsyncIOTestingTests/TestRunTests.swift:"))
    #expect(text.contains("has not ended"))
  }

  @Test func `a test that ignores its cancellation is abandoned after a deadlock`() async throws {
    let failures = try await perform { await Waiter().waitUncancelled(for: "a lock") }
    #expect(failures.count == 2)
    #expect(failures.last?.contains("was abandoned\nthe test waits for a lock") == true)
  }

  @Test func `a deadline cancels the test`() async throws {
    let failures = try await perform(.system, deadline: .milliseconds(50)) {
      try await sleep(for: .seconds(1000))
    }
    #expect(
      failures == [
        "the test took longer than its deadline of 0.05 seconds\nthe test waits for a time to come"
      ])
  }

  @Test func `a busy loop is found and abandoned`() async throws {
    let stop = Journal<Void>()
    let failures = try await perform(deadline: .milliseconds(50)) {
      while stop.count == 0 { usleep(100) }
    }
    stop.note(())
    #expect(failures.count == 2)
    #expect(failures.allSatisfy { $0.contains("the loop does not answer") })
  }

  @Test func `tasks that are left are cancelled and awaited`() async throws {
    let ended = Journal<String>()
    let failures = try await perform {
      for name in ["a", "b"] {
        _ = makeRecordedTask(name) {
          try? await sleep(for: .seconds(1000))
          try? await Task { try await sleep(for: .milliseconds(500)) }.value
          ended.note(name)
        }
      }
      await settle()
    }
    #expect(failures.isEmpty)
    #expect(ended.entries == ["a", "b"])
  }

  @Test func `a task that is left and does not end is named`() async throws {
    let failures = try await perform {
      _ = makeRecordedTask("stubborn") { await Waiter().waitUncancelled(for: "nothing") }
      await settle()
    }
    #expect(failures.count == 1)
    #expect(
      failures.first?.contains("did not end after the test, although cancelled: task 'stubborn'") == true)
  }

  @Test func `the cancellation of the caller is passed on`() async throws {
    let started = AsyncStream.makeStream(of: Void.self)
    let caller = Task {
      try await perform(.system) {
        started.continuation.yield()
        try await sleep(for: .seconds(1000))
      }
    }
    for await _ in started.stream { break }
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
  }

  @Test func `the same seed gives the same order and others give others`() async throws {
    func order(seed: UInt64) async throws -> [Int] {
      let order = Journal<Int>()
      _ = try await perform(.virtual(seed: seed)) {
        await withTaskGroup(of: Void.self) { group in
          for number in 0..<20 {
            group.addTask {
              await Task.yield()
              order.note(number)
            }
          }
        }
      }
      return order.entries
    }
    var orders: Set<[Int]> = []
    for seed in 1...10 as ClosedRange<UInt64> {
      let first = try await order(seed: seed)
      #expect(try await order(seed: seed) == first)
      #expect(first.sorted() == Array(0..<20))
      orders.insert(first)
    }
    #expect(orders.count > 5)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [EventLoopTrait.Time.system, .virtual(seed: nil)])
  func `the loop goes away with its run, however that ends`(_ time: EventLoopTrait.Time) async throws {
    let loops = Journal<WeakLoop>()
    _ = try await perform(time) { loops.note(WeakLoop()) }
    _ = try await perform(time) {
      loops.note(WeakLoop())
      _ = makeRecordedTask("left") { try? await sleep(for: .seconds(1000)) }
    }
    _ = try await perform(time, deadline: .milliseconds(50)) {
      loops.note(WeakLoop())
      _ = await Waiter().wait(for: "nothing")
    }
    #expect(loops.count == 3)
    // The threads of a run end a moment after it.
    while loops.entries.contains(where: { $0.loop != nil }) { await Task.yield() }
  }

  private struct WeakLoop: Sendable {
    weak let loop = EventLoop.current
  }

  /// Performs a run and returns its failures, as text.
  private func perform(
    _ time: EventLoopTrait.Time = .virtual(seed: nil), deadline: Duration = .seconds(20),
    _ body: @escaping @concurrent @Sendable () async throws -> Void
  ) async throws -> [String] {
    let run = try TestRun("a run", TestRun.Settings(time: time, deadline: deadline))
    var failures: [String] = []
    try await run.perform(body) { failures.append("\($0)") }
    return failures
  }
}
