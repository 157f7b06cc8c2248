import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// The body runs where the caller runs, and uses what the caller may use.
@Suite(.virtualTime) struct TimeoutIsolationTests {
  @Test func `the body uses and returns what is not Sendable`() async throws {
    let counter = Counter()
    let same = try await withTimeout(.seconds(1)) {
      counter.count += 1
      await giveWay()
      counter.count += 1
      return counter
    }
    #expect(same === counter)
    #expect(counter.count == 2)
  }

  @Test func `the body changes a variable of the caller, also when it is cancelled`() async throws {
    var steps: [String] = []
    do {
      try await withTimeout(.seconds(1)) {
        steps.append("begin")
        do { try await sleep(for: .seconds(10)) } catch {
          steps.append("cancelled")
          throw error
        }
      }
    } catch {
      steps.append("\(error)")
    }
    #expect(steps == ["begin", "cancelled", "timed out after 1.0 seconds"])
  }

  @Test func `within an actor the body is isolated to it, before and after it has suspended`() async throws {
    #expect(try await Owner().work() == [1, 2, 3])
  }

  @Test @MainActor func `on the main actor the body is on the main actor`() async throws {
    let counter = Counter()
    try await withTimeout(.seconds(1)) {
      MainActor.assertIsolated()
      counter.count += 1
      try await sleep(for: .milliseconds(1))
      MainActor.assertIsolated()
      counter.count += 1
    }
    #expect(counter.count == 2)
    MainActor.assertIsolated()
  }

  @Test func `the body sees the caller's task-local values`() async throws {
    try await Local.$value.withValue(7) {
      try await withTimeout(.seconds(1)) {
        #expect(Local.value == 7)
        await giveWay()
        #expect(Local.value == 7)
      }
    }
  }

  @Test func `the body starts before anything else runs`() async throws {
    let order = Journal<Int>()
    Task { order.note(2) }
    try await withTimeout(.seconds(1)) {
      order.note(1)
      await giveWay()
      order.note(3)
    }
    #expect(order.entries == [1, 2, 3])
  }

  private enum Local {
    @TaskLocal static var value = 0
  }

  private final class Counter {
    var count = 0
  }

  private actor Owner {
    private var steps: [Int] = []

    func work() async throws -> [Int] {
      steps.append(1)
      try await withTimeout(.seconds(1)) {
        assertIsolated()
        steps.append(2)
        try await sleep(for: .milliseconds(1))
        assertIsolated()
        steps.append(3)
      }
      return steps
    }
  }
}
