import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct SettleTests {
  @Test(arguments: [1, 10, 1000]) func `everything that can run has run`(_ yields: Int) async {
    let count = Journal<Void>()
    for _ in 0..<5 {
      Task {
        for _ in 0..<yields { await Task.yield() }
        count.note(())
      }
    }
    await settle()
    #expect(count.count == 5)
  }

  @Test func `time does not move and timers do not fire`() async {
    let start = LoopClock.now
    let task = Task { try await sleep(for: .nanoseconds(1)) }
    await settle()
    #expect(LoopClock.now == start)
    task.cancel()
  }

  @Test func `several may settle at the same time`() async {
    let count = Journal<Void>()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<5 {
        group.addTask {
          await Task.yield()
          await settle()
          count.note(())
        }
      }
    }
    #expect(count.count == 5)
  }
}
