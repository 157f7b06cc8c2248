import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What is left of a scope when it has ended.
@Suite(.virtualTime) struct ScopeContextMemoryTests {
  private func expectGone(
    _ body: (CancelScope) async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    weak var context: TaskContext?
    try await withCancelScope(deadline: LoopClock.now.advanced(by: .seconds(1000))) { scope in
      context = TaskContext.current
      #expect(context != nil, sourceLocation: sourceLocation)
      try await body(scope)
    }
    await settle()
    #expect(context == nil, sourceLocation: sourceLocation)
    #expect(EventLoop.current?.timerCount == 0, sourceLocation: sourceLocation)
  }

  @Test func `its context goes away, however its timer has ended`() async throws {
    try await expectGone { _ in }
    try await expectGone { _ in try await sleep(for: .seconds(1)) }
    try await expectGone { scope in
      await giveWay()
      scope.reschedule(to: LoopClock.now.advanced(by: .seconds(1)))
      try await sleep(for: .seconds(10))
    }
    try await expectGone { scope in
      await giveWay()
      scope.reschedule(to: nil)
    }
    try await expectGone { scope in
      scope.cancel()
      try await sleep(for: .seconds(10))
    }
  }

  @Test func `that of a task scope goes away with the scope`() async throws {
    weak var context: TaskContext?
    try await withTaskScope { scope in
      context = TaskContext.current
      scope.createTask { try await sleep(for: .seconds(1)) }
      scope.createTask(eagerStart: true) { try await sleep(for: .seconds(2)) }
      await settle()
      scope.cancel()
    }
    await settle()
    #expect(context == nil)
  }
}
