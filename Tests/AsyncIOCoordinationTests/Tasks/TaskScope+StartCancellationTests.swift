import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// A caller of `start` that is cancelled.
@Suite(.virtualTime) struct TaskScopeStartCancellationTests {
  @Test func `cancelled before it is ready, the child is cancelled and awaited`() async throws {
    let cleaned = Journal<Void>()
    try await withTaskScope { scope in
      let caller = Task {
        try await scope.start { (_: ReadySignal<Void>) in try await sleepAndCleanUp { cleaned.note(()) } }
      }
      await settle()
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
      #expect(cleaned.count == 1)
      #expect(!scope.isCancelled)
      #expect(LoopClock.now == .seconds(1))
    }
  }

  @Test func `cancelled before it calls, the child never runs`() async throws {
    let started = Journal<Void>()
    try await withTaskScope { scope in
      let caller = Task {
        try await scope.start { ready in
          started.note(())
          ready()
        }
      }
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
    }
    #expect(started.count == 0)
  }

  @Test func `cancelled after it was ready, the child goes on`() async throws {
    let ended = Journal<Void>()
    try await withTaskScope { scope in
      let caller = Task {
        try await scope.start { ready in
          ready()
          try await sleep(for: .seconds(1))
          ended.note(())
        }
      }
      try await caller.value
      caller.cancel()
    }
    #expect(ended.count == 1)
  }

  /// The caller has not run in between: what is ready by then is ready, and the child is nobody's to cancel.
  @Test(arguments: [false, true])
  func `cancelled at the instant at which it is ready, the child goes on`(_ isReadyFirst: Bool) async throws {
    let ended = Journal<Bool>()
    try await withTaskScope { scope in
      let signals = Journal<ReadySignal<Int>>()
      let caller = Task {
        try await scope.start { (ready: ReadySignal<Int>) in
          signals.note(ready)
          try await sleep(for: .seconds(10))
          ended.note(Task.isCancelled)
        }
      }
      await settle()
      if isReadyFirst { signals.entries[0](7) }
      caller.cancel()
      if !isReadyFirst { signals.entries[0](7) }
      let value = try await caller.value
      #expect(value == 7)
    }
    #expect(ended.entries == [false])
  }

  @Test func `ready after the caller was cancelled, the value is not used`() async throws {
    try await withTaskScope { scope in
      let caller = Task {
        try await scope.start { (ready: ReadySignal<Int>) in
          try? await sleep(for: .seconds(1000))
          ready(7)
          await sleepUncancelled(for: .seconds(1))
        }
      }
      await settle()
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
      #expect(LoopClock.now == .seconds(1))
      #expect(!scope.isCancelled)
    }
  }

  @Test func `an error of a child whose caller was cancelled is the caller's`() async throws {
    try await withTaskScope { scope in
      let caller = Task {
        try await scope.start { (ready: ReadySignal<Int>) in
          try? await sleep(for: .seconds(1000))
          ready(7)
          throw TestFailure(1)
        }
      }
      await settle()
      caller.cancel()
      await #expect(throws: TestFailure(1)) { try await caller.value }
      #expect(!scope.isCancelled)
    }
  }
}
