import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Cancel scopes at awkward moments.
@Suite(.virtualTime) struct CancelScopeTests {
  @Test func `cancelled before the body's first wait`() async throws {
    let value = try await withCancelScope { scope in
      #expect(scope.cancel(reason: "first"))
      #expect(!scope.cancel(reason: "second"))
      #expect(Task.isCancelled && scope.isCancelled && !scope.isExpired)
      #expect(Task.cancellationReason.map(String.init(describing:)) == "cancelled: first")
      try await sleep(for: .seconds(1000))
      return 42
    }
    #expect(value == nil)
    #expect(!Task.isCancelled)
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `a body that ignores its cancellation gives its value or its error`() async throws {
    let value = try await withCancelScope { scope in
      scope.cancel()
      return 42
    }
    #expect(value == 42)
    await #expect(throws: TestFailure(1)) {
      try await withCancelScope { scope in
        scope.cancel()
        throw TestFailure(1)
      }
    }
  }

  @Test func `a cancellation that the body makes up is thrown`() async throws {
    await #expect(throws: CancellationError.self) {
      try await withCancelScope { _ in throw CancellationError() }
    }
  }

  @Test(arguments: [false, true])
  func `when it has ended it can be neither cancelled nor moved`(_ suspends: Bool) async throws {
    let scope = try #require(
      try await withCancelScope(deadline: .seconds(10)) { scope in
        if suspends { await giveWay() }
        return scope
      })
    #expect(!scope.cancel())
    #expect(!scope.reschedule(to: .seconds(1)))
    #expect(scope.deadline == .seconds(10))
    try await sleep(for: .seconds(20))
    #expect(!scope.isCancelled && !scope.isExpired)
  }

  @Test func `an outer scope that is cancelled is not the inner one's affair`() async throws {
    let reached = Journal<String>()
    let value: Int? = try await withCancelScope { outer in
      let inner: Int? = try await withCancelScope { inner in
        outer.cancel()
        inner.cancel()
        try await sleep(for: .seconds(1000))
        return 1
      }
      reached.note("after the inner one")
      return inner ?? 2
    }
    #expect(value == nil)
    #expect(reached.count == 0)
  }

  @Test func `a handler may cancel and move the scope that is being cancelled`() async throws {
    let answers = Journal<Bool>()
    try await withCancelScope(deadline: .seconds(1)) { scope in
      try await withTaskCancellationHandler {
        try await sleep(for: .seconds(1000))
      } onCancel: {
        answers.note(scope.cancel())
        answers.note(scope.reschedule(to: .seconds(5)))
      }
    }
    #expect(answers.entries == [false, false])
  }

  @Test(.realTime) func `another thread may move and cancel it`() async throws {
    let scopes = Journal<CancelScope>()
    let far = LoopClock.now.advanced(by: .seconds(1000))
    let value: Int? = try await withCancelScope(deadline: far) { scope in
      #expect(scope.deadline == far)
      scopes.note(scope)
      LoopThread.start(named: "mover") {
        for scope in scopes.entries {
          #expect(scope.reschedule(to: far.advanced(by: .seconds(1))))
          #expect(scope.reschedule(to: nil))
          #expect(scope.reschedule(to: LoopClock.now))
        }
      }
      try await sleep(for: .seconds(1000))
      return 42
    }
    #expect(value == nil)
    #expect(scopes.entries.map(\.isExpired) == [true])
  }
}
