import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Deadlines of cancel scopes, and who may move them.
@Suite(.virtualTime) struct CancelScopeDeadlineTests {
  @Test func `a deadline that is moved earlier, later and back counts as it is last`() async throws {
    let loop = try #require(EventLoop.current)
    let value: Void? = try await withCancelScope(deadline: .seconds(10)) { scope in
      #expect(scope.deadline == .seconds(10))
      try await sleep(for: .seconds(1))
      for seconds in [5, 20, 3] {
        #expect(scope.reschedule(to: .seconds(seconds)))
        #expect(scope.deadline == .seconds(seconds))
        await settle()
      }
      // The scope's, and no former one.
      #expect(loop.timerCount == 1)
      try await sleep(for: .seconds(1000))
    }
    #expect(value == nil)
    #expect(LoopClock.now == .seconds(3))
    #expect(loop.timerCount == 0)
  }

  @Test func `a deadline that is taken away ends nothing, and one that is added does`() async throws {
    try await withCancelScope(deadline: .seconds(2)) { scope in
      try await sleep(for: .seconds(1))
      scope.reschedule(to: nil)
      try await sleep(for: .seconds(5))
      #expect(!scope.isCancelled && scope.deadline == nil)
      scope.reschedule(to: .seconds(7))
      try await sleep(for: .seconds(1000))
    }
    #expect(LoopClock.now == .seconds(7))
  }

  @Test func `a deadline that is moved to the past cancels at the next wait`() async throws {
    let value: Void? = try await withCancelScope { scope in
      try await sleep(for: .seconds(5))
      #expect(scope.reschedule(to: .seconds(1)))
      #expect(!Task.isCancelled)
      await giveWay()
      await #expect(throws: CancellationError.self) { try await sleep(for: .seconds(1)) }
      #expect(scope.isExpired)
      #expect(!scope.reschedule(to: nil))
      throw CancellationError()
    }
    #expect(value == nil)
    #expect(LoopClock.now == .seconds(5))
  }

  @Test(arguments: [0, -1, .min] as [Int64])
  func `with a deadline that has passed the body begins cancelled`(_ nanoseconds: Int64) async throws {
    let began = Journal<Bool>()
    let deadline = LoopClock.Instant(nanoseconds: nanoseconds)
    let value: Void? = try await withCancelScope(deadline: deadline) { scope in
      began.note(Task.isCancelled && scope.isExpired)
      try Task.checkCancellation()
    }
    #expect(value == nil)
    #expect(began.entries == [true])
  }

  @Test func `a deadline that never comes sets no limit`() async throws {
    let value = try await withCancelScope(deadline: LoopClock.Instant(nanoseconds: .max)) { scope in
      try await sleep(for: .seconds(1))
      #expect(scope.deadline == LoopClock.Instant(nanoseconds: .max))
      return 42
    }
    #expect(value == 42)
  }

  @Test func `the effective deadline is the earliest up to a shield`() async throws {
    #expect(CancelScope.effectiveDeadline == nil)
    try await withCancelScope(deadline: .seconds(10)) { outer in
      try await withCancelScope(deadline: .seconds(20)) { _ in
        #expect(CancelScope.effectiveDeadline == .seconds(10))
        outer.reschedule(to: .seconds(30))
        #expect(CancelScope.effectiveDeadline == .seconds(20))
        try await withShield {
          #expect(CancelScope.effectiveDeadline == nil)
          try await withTimeout(.seconds(40)) {
            await giveWay()
            #expect(CancelScope.effectiveDeadline == .seconds(40))
          }
        }
        #expect(CancelScope.effectiveDeadline == .seconds(20))
      }
      outer.reschedule(to: nil)
      #expect(CancelScope.effectiveDeadline == nil)
    }
  }

  @Test(arguments: [false, true])
  func `cancelled and expired at one instant, the first reason stays`(_ isCancelledFirst: Bool) async throws {
    let loop = try #require(EventLoop.current)
    let (answers, reasons) = (Journal<Bool>(), Journal<String?>())
    try await withCancelScope(deadline: .seconds(1)) { scope in
      // The scope's timer is set when its body waits.
      if !isCancelledFirst { await giveWay() }
      _ = loop.callAt(.seconds(1)) { answers.note(scope.cancel(reason: "by hand")) }
      await sleepUncancelled(for: .seconds(2))
      reasons.note(Task.cancellationReason.map(String.init(describing:)))
      #expect(scope.isExpired != isCancelledFirst)
    }
    #expect(answers.entries == [isCancelledFirst])
    #expect(reasons.entries == [isCancelledFirst ? "cancelled: by hand" : "the deadline has passed"])
  }
}
