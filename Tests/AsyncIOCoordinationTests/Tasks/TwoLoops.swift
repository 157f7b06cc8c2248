import AsyncIORuntime
import Synchronization

/// Runs `body` on one loop, beside another on a thread of its own, both with the system's time.
func onTwoLoops<Value: Sendable>(
  _ body: @escaping @Sendable (_ other: EventLoop) async throws -> Value
) async throws -> Value {
  let other = try EventLoop()
  let isOver = Flag()
  LoopThread.start(named: "other") { other.drive { isOver.isRaised } }
  defer {
    isOver.raise()
    other.wake()
  }
  return try await withCheckedThrowingContinuation { continuation in
    LoopThread.start(named: "test") {
      continuation.resume(
        with: Result {
          let runner = try Runner(driving: EventLoop(), isHome: false, Runner.Configuration())
          defer { runner.close() }
          return try runner.run { try await body(other) }
        })
    }
  }
}

/// Goes over to another loop for one turn, and comes back.
func visit(_ loop: EventLoop) async {
  await withTaskExecutorPreference(loop) { await giveWay() }
}

private final class Flag: Sendable {
  private let word = Atomic<Bool>(false)

  var isRaised: Bool { word.load(ordering: .acquiring) }

  func raise() { word.store(true, ordering: .releasing) }
}
