import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

@Suite(.virtualTime) struct WaitGroupTests {
  @Test func `it waits until all work has ended`() async throws {
    let group = WaitGroup()
    try await group.wait()
    group.add(3)
    for seconds in 1...3 {
      Task {
        try await sleep(for: .seconds(seconds))
        group.done()
      }
    }
    #expect(group.statistics == .init(count: 3, waiting: 0))
    let others = (0..<2).map { _ in Task { try await group.wait() } }
    try await group.wait()
    #expect(LoopClock.now == .seconds(3))
    for other in others { try await other.value }
  }  // Go: sync.WaitGroup

  @Test func `who was woken has seen the end, also if work begins at once`() async throws {
    let group = WaitGroup()
    group.add()
    let task = Task { try await group.wait() }
    await settle()
    group.done()
    group.add()
    task.cancel()
    try await task.value
    #expect(group.statistics == .init(count: 1, waiting: 0))
  }

  @Test func `cancelled before or while it waits, it throws and leaves`() async throws {
    let group = WaitGroup()
    group.add()
    for waitsFirst in [false, true] {
      let task = Task { try await group.wait() }
      if waitsFirst { await settle() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    #expect(group.statistics == .init(count: 1, waiting: 0))
  }

  @Test(.realTime, .deadline(.seconds(60))) func `misuse traps with a sentence`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      WaitGroup().done()
    }
    #expect(result.says("done was called more often on a wait group than work was added"))
    await #expect(processExitsWith: .failure) { WaitGroup().add(-1) }
  }

  @Test(.realTime) func `work may end on another thread`() async throws {
    let group = WaitGroup()
    for _ in 0..<50 {
      group.add()
      LoopThread.start(named: "foreign") { group.done() }
    }
    try await group.wait()
  }
}
