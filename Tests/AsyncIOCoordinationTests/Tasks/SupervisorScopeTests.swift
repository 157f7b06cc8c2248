import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct SupervisorScopeTests {
  private struct Lost: Error {
    let name: String
  }

  init() { UnhandledReports.begin() }

  private func reports(_ name: String) -> [String] {
    UnhandledReports.all { ($0 as? Lost)?.name == name }.map(\.source)
  }

  @Test func `a task that fails disturbs neither the others nor the body`() async throws {
    let ended = Journal<String>()
    let value = try await withSupervisorScope { scope in
      scope.createTask { throw Lost(name: "alone") }
      scope.createTask {
        try await sleep(for: .seconds(2))
        ended.note("sibling")
      }
      try await sleep(for: .seconds(1))
      #expect(!scope.isCancelled)
      scope.createTask { ended.note("later") }
      return 42
    }
    #expect(value == 42)
    #expect(ended.entries == ["later", "sibling"])
  }

  @Test func `an error that nobody awaits is reported once`() async throws {
    try await withSupervisorScope { scope in
      scope.createTask(name: "client", fileID: "App/Main.swift", line: 12) { throw Lost(name: "once") }
      try await sleep(for: .seconds(1))
    }
    await settle()
    #expect(reports("once") == ["task 'client' (App/Main.swift:12)"])
  }

  @Test func `so is that of an eager task`() async throws {
    try await withSupervisorScope { scope in
      scope.createTask(eagerStart: true) { throw Lost(name: "eager") }
      #expect(!Task.isCancelled)
    }
    await settle()
    #expect(reports("eager").count == 1)
  }

  @Test func `an error that is awaited is not reported`() async throws {
    try await withSupervisorScope { scope in
      let handle = scope.createTask {
        try await sleep(for: .seconds(1))
        throw Lost(name: "awaited")
      }
      await #expect(throws: Lost.self) { try await handle.value }
      #expect(!scope.isCancelled)
    }
    await settle()
    #expect(reports("awaited").isEmpty)
  }

  @Test func `an error of the body cancels all tasks, and is thrown when they have ended`() async throws {
    let cleaned = Journal<Int>()
    await #expect(throws: TestFailure(1)) {
      try await withSupervisorScope { scope in
        for number in 0..<3 {
          scope.createTask { try await sleepAndCleanUp { cleaned.note(number) } }
        }
        await settle()
        throw TestFailure(1)
      }
    }
    #expect(cleaned.count == 3)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test func `a task that fails in its cleanup is reported beside the body's error`() async throws {
    await #expect(throws: TestFailure(1)) {
      try await withSupervisorScope { scope in
        scope.createTask {
          do { try await sleepAndCleanUp {} } catch { throw Lost(name: "cleanup") }
        }
        await settle()
        throw TestFailure(1)
      }
    }
    await settle()
    #expect(reports("cleanup").count == 1)
  }

  @Test func `a cancellation from outside reaches the body and the tasks`() async throws {
    let cleaned = Journal<String>()
    let task = Task {
      try await withSupervisorScope { scope in
        scope.createTask { try await sleepAndCleanUp { cleaned.note("task") } }
        try await sleepAndCleanUp { cleaned.note("body") }
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(Set(cleaned.entries) == ["task", "body"])
  }

  @Test func `its own cancellation ends all, and is no error`() async throws {
    let cleaned = Journal<String>()
    try await withSupervisorScope { scope in
      scope.createTask { try await sleepAndCleanUp { cleaned.note("task") } }
      await settle()
      scope.cancel(reason: "closing time")
      #expect(Task.cancellationReason.map(String.init(describing:)) == "cancelled: closing time")
      try await sleepAndCleanUp { cleaned.note("body") }
    }
    #expect(Set(cleaned.entries) == ["task", "body"])
    #expect(!Task.isCancelled)
  }

  @Test func `a task may cancel the scope that it is in`() async throws {
    let cleaned = Journal<Int>()
    try await withSupervisorScope { scope in
      for number in 0..<3 {
        scope.createTask { try await sleepAndCleanUp { cleaned.note(number) } }
      }
      scope.createTask {
        try await sleep(for: .seconds(1))
        scope.cancel()
        throw Lost(name: "canceller")
      }
    }
    await settle()
    #expect(cleaned.count == 3)
    #expect(reports("canceller").count == 1)
  }
}
