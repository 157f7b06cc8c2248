import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Cancellations of a scope at awkward moments, and from awkward places.
@Suite(.virtualTime) struct TaskScopeCancellationTests {
  @Test(arguments: [false, true])
  func `cancelled at the instant at which the last child ends`(_ isCancelledFirst: Bool) async throws {
    let (signals, ended) = (Journal<TaskScope>(), Journal<Void>())
    let canceller = Task {
      if !isCancelledFirst { await giveWay() }
      try await sleep(for: .seconds(1))
      for scope in signals.entries { scope.cancel() }
    }
    if isCancelledFirst { await settle() }
    let value = try await withTaskScope { scope in
      signals.note(scope)
      scope.createTask {
        try? await sleep(for: .seconds(1))
        ended.note(())
      }
      return 42
    }
    try await canceller.value
    #expect(value == 42)
    #expect(ended.count == 1)
    #expect(LoopClock.now == .seconds(1))
  }

  @Test(arguments: [false, true])
  func `its caller cancelled as the last child ends`(_ isCancelledFirst: Bool) async throws {
    let children = Journal<Waiter>()
    let task = Task {
      try await withTaskScope { scope in
        scope.createTask {
          let waiter = Waiter()
          children.note(waiter)
          await waiter.waitUncancelled(for: "the test")
        }
        return 42
      }
    }
    await settle()
    if isCancelledFirst { task.cancel() }
    children.entries[0].finish(.woken)
    if !isCancelledFirst { task.cancel() }
    // The wait for the children is over only when the caller runs, so that it counts as cancelled either way.
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func `a body that ignores its cancellation gives its value, and so may children`() async throws {
    let ended = Journal<Void>()
    let value = try await withTaskScope { scope in
      scope.createTask {
        await sleepUncancelled(for: .seconds(2))
        ended.note(())
      }
      await settle()
      scope.cancel()
      await sleepUncancelled(for: .seconds(1))
      return 42
    }
    #expect(value == 42)
    #expect(ended.count == 1)
    #expect(LoopClock.now == .seconds(2))
  }

  @Test func `a handler may cancel the scope that is being cancelled`() async throws {
    let handled = Journal<Int>()
    try await withTaskScope { scope in
      for number in 0..<3 {
        scope.createTask {
          try await withTaskCancellationHandler {
            try await sleep(for: .seconds(1000))
          } onCancel: {
            handled.note(number)
            scope.cancel()
            #expect(scope.isCancelled)
          }
        }
      }
      await settle()
      scope.cancel()
      #expect(handled.entries == [0, 1, 2])
    }
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `children that a handler starts on the cancelled scope do not run`() async throws {
    let (started, refused) = (Journal<Void>(), Journal<Bool>())
    try await withTaskScope { scope in
      scope.createTask {
        try await withTaskCancellationHandler {
          try await sleep(for: .seconds(1000))
        } onCancel: {
          for isEager in [false, true] {
            refused.note(scope.createTask(eagerStart: isEager) { started.note(()) }.isCancelled)
          }
        }
      }
      await settle()
      scope.cancel()
    }
    #expect(refused.entries == [true, true])
    #expect(started.count == 0)
  }

  @Test func `a handler may cancel a sibling, itself and the scope around`() async throws {
    let handled = Journal<String>()
    try await withTaskScope { outer in
      let handles = Journal<TaskHandle<Void>>()
      try await withTaskScope { inner in
        for name in ["first", "second"] {
          handles.note(
            inner.createTask {
              try await withTaskCancellationHandler {
                try await sleep(for: .seconds(1000))
              } onCancel: {
                handled.note(name)
                for handle in handles.entries { handle.cancel() }
                outer.cancel()
              }
            })
        }
        await settle()
        handles.entries[1].cancel()
        #expect(inner.isCancelled && outer.isCancelled)
      }
    }
    #expect(Set(handled.entries) == ["first", "second"])
    #expect(handled.count == 2)
    #expect(LoopClock.now == .seconds(0))
  }

  @Test func `a handler of the body may cancel the scope`() async throws {
    let scopes = Journal<TaskScope>()
    let task = Task {
      try await withTaskScope { scope in
        scopes.note(scope)
        try await withTaskCancellationHandler {
          try await sleep(for: .seconds(1000))
        } onCancel: {
          scope.cancel()
        }
      }
    }
    await settle()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(scopes.entries.map(\.isCancelled) == [true])
  }

  @Test func `a scope of a cancelled task begins cancelled, unless behind a shield`() async throws {
    let started = Journal<String>()
    let task = Task {
      unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() }
      try await withShield {
        try await withTaskScope { scope in
          #expect(!Task.isCancelled && !scope.isCancelled)
          scope.createTask { started.note("shielded") }
        }
      }
      try await withTaskScope { scope in
        #expect(Task.isCancelled && scope.isCancelled)
        scope.createTask { started.note("cancelled") }
      }
    }
    // Nobody has waited, and nothing was cut short that had begun.
    try await task.value
    #expect(started.entries == ["shielded"])
  }

  @Test func `the reason is that of the nearest scope, up to a shield`() async throws {
    @Sendable func reason() -> String? { Task.cancellationReason.map(String.init(describing:)) }
    let reasons = Journal<String?>()
    try await withTaskScope { outer in
      try await withTaskScope { inner in
        await giveWay()
        outer.cancel(reason: "outer")
        reasons.note(reason())
        try await withShield {
          reasons.note(reason())
          try await withCancelScope { scope in
            scope.cancel(reason: "in the shield")
            reasons.note(reason())
          }
          reasons.note(reason())
        }
        inner.cancel(reason: "inner")
        reasons.note(reason())
        inner.cancel(reason: "too late")
      }
      reasons.note(reason())
    }
    #expect(
      reasons.entries == [
        "cancelled: outer", nil, "cancelled: in the shield", nil, "cancelled: inner", "cancelled: outer",
      ])
    #expect(reason() == nil)
  }

  @Test func `the reason reaches children of children`() async throws {
    let reasons = Journal<String?>()
    try await withTaskScope { outer in
      outer.createTask {
        try await withTaskScope { inner in
          inner.createTask {
            try? await sleep(for: .seconds(1000))
            reasons.note(Task.cancellationReason.map(String.init(describing:)))
          }
        }
      }
      await settle()
      outer.cancel(reason: "enough")
    }
    #expect(reasons.entries == ["cancelled: enough"])
  }
}
