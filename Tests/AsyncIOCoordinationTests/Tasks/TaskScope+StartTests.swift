import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// The readiness handshake: who gets what the child says, and whose the child is.
@Suite(.virtualTime) struct TaskScopeStartTests {
  @Test func `it returns when the child is ready, and the child goes on`() async throws {
    let ended = Journal<Void>()
    try await withTaskScope { scope in
      let value = try await scope.start { (ready: ReadySignal<Int>) in
        try await sleep(for: .seconds(1))
        ready(7)
        try await sleep(for: .seconds(1))
        ended.note(())
      }
      #expect(value == 7)
      #expect(LoopClock.now == .seconds(1))
      #expect(scope.count == 1)
    }
    #expect(ended.count == 1)
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `a child that is ready and ends at once is ready`() async throws {
    try await withTaskScope { scope in
      try await scope.start { $0() }
      #expect(scope.count == 0)
    }
  }

  @Test func `an error before it is ready is the caller's, and does not disturb the scope`() async throws {
    let (ended, scopes) = (Journal<Void>(), Journal<TaskScope>())
    try await withTaskScope { scope in
      scopes.note(scope)
      scope.createTask {
        try await sleep(for: .seconds(2))
        ended.note(())
      }
      await #expect(throws: TestFailure(1)) {
        try await scope.start { (_: ReadySignal<Void>) in
          try await sleep(for: .seconds(1))
          throw TestFailure(1)
        }
      }
      #expect(!scope.isCancelled)
      #expect(scope.count == 1)
    }
    #expect(ended.count == 1)
    #expect(scopes.entries.allSatisfy { !$0.isCancelled })
  }

  @Test func `an error after it was ready ends the scope`() async throws {
    let cleaned = Journal<Void>()
    await #expect(throws: TestFailure(1)) {
      try await withTaskScope { scope in
        try await scope.start { ready in
          ready()
          try await sleep(for: .seconds(1))
          throw TestFailure(1)
        }
        try await sleepAndCleanUp { cleaned.note(()) }
      }
    }
    #expect(cleaned.count == 1)
  }

  @Test func `an error right after it was ready ends the scope, too`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await withTaskScope { scope in
        let value = try await scope.start { (ready: ReadySignal<Int>) in
          ready(7)
          throw TestFailure(1)
        }
        #expect(value == 7)
        #expect(Task.isCancelled)
      }
    }
  }

  @Test func `a child that ends without a word is a mistake that is thrown`() async throws {
    try await withTaskScope { scope in
      let error = await #expect(throws: TaskScopeError.self) {
        try await scope.start(name: "mute", fileID: "App/Main.swift", line: 12) { (_: ReadySignal<Int>) in }
      }
      #expect(error?.code == .neverReady)
      #expect(
        error?.description
          == "task 'mute' (App/Main.swift:12) ended without having called its ready signal")
      #expect(!scope.isCancelled)
    }
  }

  @Test func `what is said after an error is not heard`() async throws {
    try await withTaskScope { scope in
      await #expect(throws: TestFailure(1)) {
        try await scope.start { (ready: ReadySignal<Int>) in
          Task { ready(7) }
          throw TestFailure(1)
        }
      }
      await #expect(throws: TaskScopeError.self) {
        try await scope.start { (ready: ReadySignal<Int>) in Task { ready(7) } }
      }
      #expect(!scope.isCancelled)
    }
  }

  @Test func `in a scope that was cancelled nothing starts`() async throws {
    let started = Journal<Void>()
    try await withTaskScope { scope in
      scope.cancel()
      await #expect(throws: CancellationError.self) {
        try await scope.start { ready in
          started.note(())
          ready()
        }
      }
    }
    #expect(started.count == 0)
  }

  @Test func `a scope that is cancelled before it is ready is no mistake of the child`() async throws {
    let outcomes = Journal<Bool>()
    try await withTaskScope { scope in
      let caller = Task {
        await #expect(throws: CancellationError.self) {
          try await scope.start { (_: ReadySignal<Void>) in try? await sleep(for: .seconds(1000)) }
        }
        outcomes.note(Task.isCancelled)
      }
      await settle()
      scope.cancel()
      await caller.value
    }
    #expect(outcomes.entries == [false])
  }

  @Test func `the child's own timeout is its error`() async throws {
    try await withTaskScope { scope in
      await #expect(throws: TimeoutError.self) {
        try await scope.start { (_: ReadySignal<Void>) in
          try await withTimeout(.seconds(1)) { try await sleep(for: .seconds(1000)) }
        }
      }
      #expect(!scope.isCancelled)
    }
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `a child starts children of the same scope`() async throws {
    try await withTaskScope { scope in
      let values = try await scope.start { (ready: ReadySignal<[Int]>) in
        let inner = try await scope.start { (innerReady: ReadySignal<Int>) in
          try await sleep(for: .seconds(1))
          innerReady(1)
          try await sleep(for: .seconds(10))
        }
        ready([inner, 2])
      }
      #expect(values == [1, 2])
      await settle()
      #expect(scope.count == 1)
    }
    #expect(LoopClock.now == .seconds(11))
  }

  @Test func `in a supervisor scope an error after it was ready is reported once`() async throws {
    struct Lost: Error {}
    UnhandledReports.begin()
    try await withSupervisorScope { scope in
      try await scope.start { ready in
        ready()
        try await sleep(for: .seconds(1))
        throw Lost()
      }
    }
    await settle()
    #expect(UnhandledReports.all { $0 is Lost }.count == 1)
  }
}

@Suite struct TaskScopeStartMisuseTests {
  @Test(.realTime, .deadline(.seconds(60))) func `to be ready twice is a mistake`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await withTaskScope { scope in
        try await scope.start { ready in
          ready()
          ready()
        }
      }
    }
    #expect(result.says("a ready signal was called twice: a task is ready once"))
  }
}
