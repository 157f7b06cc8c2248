import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Which errors of a scope are one, and which are several.
@Suite(.virtualTime) struct TaskScopeErrorIdentityTests {
  private struct Empty: Error, Equatable {}

  private struct Large: Error, Equatable {
    let numbers: [Int]
    let name: String
  }

  @Test func `an error may have any size`() async throws {
    await #expect(throws: Empty()) {
      try await withTaskScope { scope in scope.createTask { throw Empty() } }
    }
    let large = Large(numbers: [1, 2, 3], name: "large")
    await #expect(throws: large) {
      try await withTaskScope { scope in scope.createTask { throw large } }
    }
  }

  @Test func `equal errors of two tasks are two`() async throws {
    let group = await #expect(throws: ErrorGroup.self) {
      try await withTaskScope { scope in
        for _ in 0..<2 {
          scope.createTask {
            await sleepUncancelled(for: .seconds(1))
            throw TestFailure(1)
          }
        }
      }
    }
    #expect(group?.errors(of: TestFailure.self) == [TestFailure(1), TestFailure(1)])
  }

  @Test func `a task's error that the body throws on is one`() async throws {
    await #expect(throws: Empty()) {
      try await withTaskScope { scope in
        try await scope.createTask { throw Empty() }.value
      }
    }
    await #expect(throws: TestFailure(1)) {
      try await withTaskScope { scope in
        let failing = scope.createTask { throw TestFailure(1) }
        scope.createTask { try await failing.value }
        try await failing.value
      }
    }
  }
}
