import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What bodies and children see of where they are: actors and task-local values.
@Suite(.virtualTime) struct TaskScopeContextTests {
  private enum Local {
    @TaskLocal static var value = 0
  }

  private actor Counter {
    var count = 0

    func add() { count += 1 }

    /// Runs a scope whose body and children belong to this actor.
    func run() async throws -> Int {
      try await withTaskScope { scope in
        count += 1
        for _ in 0..<3 {
          scope.createTask {
            try await sleep(for: .seconds(1))
            await self.add()
          }
        }
        try await sleep(for: .seconds(1))
        self.preconditionIsolated()
        count += 1
      }
      self.preconditionIsolated()
      return count
    }
  }

  @Test func `a body on an actor stays there, and children come back to it`() async throws {
    #expect(try await Counter().run() == 5)
  }

  @Test func `children may belong to the main actor`() async throws {
    @MainActor func answer() async throws -> Int {
      MainActor.preconditionIsolated()
      return 42
    }
    let value = try await withTaskScope { scope in
      let eager = scope.createTask(eagerStart: true) { @MainActor in try await answer() }
      let later = scope.createTask { @MainActor in try await answer() }
      return try await eager.value + later.value
    }
    #expect(value == 84)
  }

  @Test func `bodies see the task-local values of their caller`() async throws {
    try await Local.$value.withValue(1) {
      try await withTimeout(.seconds(1)) {
        #expect(Local.value == 1)
        try await withCancelScope { _ in
          #expect(Local.value == 1)
          try await withTaskScope { _ in
            try await sleep(for: .milliseconds(1))
            #expect(Local.value == 1)
            try await withShield {
              await giveWay()
              #expect(Local.value == 1)
            }
          }
        }
      }
    }
    #expect(Local.value == 0)
  }

  @Test(arguments: [false, true])
  func `children see the task-local values of who makes them`(_ isEager: Bool) async throws {
    try await withTaskScope { scope in
      let handles = (0..<3).map { number in
        Local.$value.withValue(number) {
          scope.createTask(eagerStart: isEager) {
            #expect(Local.value == number)
            try await sleep(for: .seconds(1))
            return Local.value
          }
        }
      }
      for (number, handle) in handles.enumerated() {
        let value = try await handle.value
        #expect(value == number)
      }
      #expect(Local.value == 0)
    }
  }

  @Test func `what a body binds ends with it`() async throws {
    try await withTaskScope { scope in
      try await Local.$value.withValue(2) {
        try await withTimeout(.seconds(1)) {
          try await Local.$value.withValue(3) {
            try await sleep(for: .milliseconds(1))
            #expect(Local.value == 3)
          }
          #expect(Local.value == 2)
        }
        #expect(Local.value == 2)
      }
      #expect(Local.value == 0)
    }
  }

  @Test func `a child has the deadlines around its scope, and not those around who makes it`() async throws {
    try await withCancelScope(deadline: .seconds(10)) { _ in
      try await withTaskScope { scope in
        let deadline = try await withTimeout(.seconds(5)) {
          #expect(CancelScope.effectiveDeadline == .seconds(5))
          return try await scope.createTask { CancelScope.effectiveDeadline }.value
        }
        #expect(deadline == .seconds(10))
      }
    }
  }
}
