import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct LatestValueTests {
  @Test func `each change has a version`() {
    let cell = LatestValue("a")
    #expect(cell.value == "a")
    #expect(cell.latest.version == 0)
    cell.value = "b"
    #expect(
      cell.update {
        $0 += "c"; return $0.count
      } == 2)
    #expect(cell.latest.value == "bc")
    #expect(cell.latest.version == 2)
    #expect(cell.statistics == .init(version: 2, isFinished: false, waiting: 0))
  }  // tokio: watch::Sender::send_modify

  @Test func `a change wakes all who wait, with the latest value`() async throws {
    let cell = LatestValue(0)
    let tasks = (0..<3).map { _ in Task { try await cell.change(after: 0)?.value } }
    await settle()
    #expect(cell.statistics.waiting == 3)
    cell.value = 1
    cell.value = 2
    for task in tasks { #expect(try await task.value == 2) }
    #expect(try await cell.change(after: 1)?.version == 2, "at once, as there is a later one")
  }  // tokio: watch::Receiver::changed

  @Test func `the changes begin with the value of now, and skip what was replaced`() async throws {
    let cell = LatestValue(0)
    let seen = Journal<Int>()
    let task = Task {
      for await value in cell.changes {
        seen.note(value)
        try await sleep(for: .seconds(10))
      }
    }
    for number in 1...29 {
      try await sleep(for: .seconds(1))
      cell.value = number
    }
    await settle()
    cell.finish()
    try await task.value
    #expect(seen.entries == [0, 9, 19, 29])
  }  // tokio_stream: WatchStream

  @Test func `each iteration has its own version`() async throws {
    let cell = LatestValue(0)
    var (one, other) = (cell.changes.makeAsyncIterator(), cell.changes.makeAsyncIterator())
    #expect(await one.next() == 0)
    cell.value = 1
    #expect(await one.next() == 1)
    #expect(await other.next() == 1)
  }

  @Test func `a value is waited for`() async throws {
    let cell = LatestValue(0)
    let task = Task { try await cell.wait { $0 > 2 } }
    for number in 1...3 {
      await settle()
      #expect(cell.statistics.waiting == 1)
      cell.value = number
    }
    #expect(try await task.value == 3)
    await #expect(throws: TestFailure(3)) { _ = try await cell.wait { throw TestFailure($0) } }
  }  // tokio: watch::Receiver::wait_for

  @Test func `finished, the last value is seen, and then nothing`() async throws {
    let cell = LatestValue(0)
    let waiting = Task { try await cell.wait { $0 > 100 } }
    let iterating = Task { await cell.changes.reduce(into: []) { $0.append($1) } }
    await settle()
    cell.value = 1
    cell.finish()
    cell.finish()
    #expect(try await waiting.value == nil)
    #expect(await iterating.value == [0, 1])
    #expect(try await cell.change(after: 0)?.value == 1)
    #expect(try await cell.change(after: 1) == nil)
    #expect(cell.value == 1)
  }

  @Test func `cancelled before or while it waits, it throws and leaves; the iteration ends`() async throws {
    let cell = LatestValue(0)
    for waitsFirst in [false, true] {
      let task = Task { try await cell.change(after: 0) }
      let iterating = Task { await cell.changes.reduce(into: []) { $0.append($1) } }
      if waitsFirst { await settle() }
      task.cancel()
      iterating.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      #expect(await iterating.value == [0])
    }
    #expect(cell.statistics.waiting == 0)
  }

  @Test func `cancelled just after a change, it has the value`() async throws {
    let cell = LatestValue(0)
    let task = Task { try await cell.change(after: 0)?.value }
    await settle()
    cell.value = 1
    task.cancel()
    #expect(try await task.value == 1)
  }

  @Test func `an update that throws wakes nobody`() async throws {
    let cell = LatestValue(0)
    let task = Task { try await cell.change(after: 0) }
    await settle()
    #expect(throws: TestFailure(1)) { try cell.update { _ in throw TestFailure(1) } }
    #expect(cell.statistics.waiting == 1)
    task.cancel()
    _ = await task.result
  }

  @Test(.realTime, .deadline(.seconds(60))) func `a change after the end traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let cell = LatestValue(0)
      cell.finish()
      cell.value = 1
    }
    #expect(result.says("the value was changed after finish"))
  }

  @Test func `values that were replaced go away`() {
    weak var token: Token?
    let cell: LatestValue<Token?>
    do {
      let first = Token()
      token = first
      cell = LatestValue(first)
    }
    #expect(token != nil)
    cell.value = nil
    #expect(token == nil)
  }
}
