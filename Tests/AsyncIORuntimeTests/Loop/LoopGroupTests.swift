import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

struct LoopGroupTests {
  @Test(.realTime) func `work is given to a loop that has run dry`() async throws {
    let threads = try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.threads = 2
      let runner = try Runner(configuration)
      defer { runner.close() }
      return try runner.run {
        let threads = Journal<ObjectIdentifier?>()
        // Each goes on until both loops have run one of them.
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<8 {
            group.addTask {
              await Task.detached {
                repeat {
                  threads.note(EventLoop.current.map(ObjectIdentifier.init))
                  await Task.yield()
                } while Set(threads.entries.suffix(1000)).count < 2 && threads.count < 1_000_000
              }.value
            }
          }
        }
        return Set(threads.entries).count
      }
    }
    #expect(threads == 2)
  }

  @Test func `the loops of a run that has ended go away`() async throws {
    let loops = try await onOwnThread {
      var configuration = Runner.Configuration()
      configuration.threads = 3
      let runner = try Runner(configuration)
      let group = try #require(runner.loop.group)
      try runner.run { try await sleep(for: .milliseconds(1)) }
      let loops = group.loops.map(WeakLoop.init)
      runner.close()
      return loops
    }
    // The threads hold their loops until they end.
    while loops.contains(where: { $0.loop != nil }) { await Task.yield() }
  }

  private struct WeakLoop: Sendable {
    weak let loop: EventLoop?

    init(_ loop: EventLoop) { self.loop = loop }
  }
}
