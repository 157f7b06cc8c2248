import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Scopes whose children are on two loops, cancelled and moved from a third thread.
@Suite(.deadline(.seconds(60))) struct TaskScopeStressTests {
  private struct Outcome {
    let made = Gauge()
    let ended = Gauge()
    let failed = Journal<Int>()
    let thrown = Journal<Int>()
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `children end before their scope, and every error comes out`(_ seed: UInt64) async throws {
    let outcome = try await onTwoLoops { other in
      let outcome = Outcome()
      for round in 0..<10 {
        try await Self.round(seed: seed &* 1000 &+ UInt64(round), other: other, outcome)
      }
      return outcome
    }
    #expect(outcome.made.total == outcome.ended.total)
    #expect(outcome.failed.entries.sorted() == outcome.thrown.entries.sorted())
  }

  private static func round(seed: UInt64, other: EventLoop, _ outcome: Outcome) async throws {
    var numbers = SeededNumbers(seed: seed)
    let steps = (0..<30).map { _ in numbers.next(below: 10) }
    let cancels = numbers.next(below: 4)
    let done = Waiter()
    do {
      try await withCancelScope { outer in
        try await withTaskScope { scope in
          LoopThread.start(named: "disturber") {
            for turn in 0..<20 {
              outer.reschedule(to: LoopClock.now.advanced(by: .seconds(turn + 100)))
              _ = (outer.deadline, outer.isExpired, scope.count, scope.isCancelled)
            }
            if cancels == 1 { outer.cancel(reason: "outer") }
            if cancels == 2 { scope.cancel(reason: "inner") }
            if cancels == 3 { outer.reschedule(to: LoopClock.now) }
            done.finish(.woken)
          }
          for (number, count) in steps.enumerated() {
            scope.createTask(eagerStart: number.isMultiple(of: 5)) {
              outcome.made.enter()
              defer { outcome.ended.enter() }
              for step in 0..<count {
                if step.isMultiple(of: 2) { await visit(other) } else { await giveWay() }
                if step == 5 {
                  scope.createTask {
                    outcome.made.enter()
                    defer { outcome.ended.enter() }
                    await visit(other)
                  }
                }
              }
              guard count == 9, number.isMultiple(of: 7) else { return }
              outcome.failed.note(number)
              throw TestFailure(number)
            }
            if number.isMultiple(of: 10) { await visit(other) }
          }
        }
      }
    } catch let error as TestFailure {
      outcome.thrown.note(error.number)
    } catch let group as ErrorGroup {
      for error in group.errors(of: TestFailure.self) { outcome.thrown.note(error.number) }
    }
    #expect(outcome.made.total == outcome.ended.total)
    await done.waitUncancelled(for: "the disturber")
  }

  @Test(arguments: 31...50 as ClosedRange<UInt64>)
  func `of a ready child and its cancelled caller exactly one has the task`(_ seed: UInt64) async throws {
    try await onTwoLoops { other in
      var numbers = SeededNumbers(seed: seed)
      for _ in 0..<20 {
        let (before, after) = (numbers.next(below: 4), numbers.next(below: 4))
        let cancelled = Journal<Bool>()
        try await withTaskScope { scope in
          let caller = Task {
            try await scope.start { (ready: ReadySignal<Int>) in
              await withTaskExecutorPreference(other) {
                for _ in 0..<before { await giveWay() }
                ready(7)
              }
              // What was ready in time is cancelled by nobody.
              for _ in 0..<10 { await visit(other) }
              cancelled.note(Task.isCancelled)
            }
          }
          for _ in 0..<after { await visit(other) }
          caller.cancel()
          let result = await caller.result
          while scope.count > 0 { await giveWay() }
          switch result {
          case .success(let value):
            #expect(value == 7)
            #expect(cancelled.entries == [false])
          case .failure(let error):
            #expect(error is CancellationError)
            #expect(cancelled.entries.allSatisfy { $0 })
          }
        }
      }
    }
  }
}
