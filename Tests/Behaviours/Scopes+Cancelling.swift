import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  /// Task scopes that are cancelled, from outside or by themselves.
  static let cancelledScopes = [
    Behaviour("a scope that is cancelled from outside cancels its tasks and its body, and waits") {
      let (gates, cleaned) = ((0..<5).map { _ in Gate() }, Notes<Int>())
      let bodyWaits = Gate()
      let task = Task {
        try await withTaskScope { scope in
          for (number, gate) in gates.enumerated() {
            scope.createTask { try await waitAndCleanUp(started: gate) { cleaned.note(number) } }
          }
          try await waitAndCleanUp(started: bodyWaits) { cleaned.note(10) }
        }
      }
      for gate in gates + [bodyWaits] { try await gate.pass() }
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(cleaned.entries.sorted(), equals: [0, 1, 2, 3, 4, 10])
    },  // test_taskgroups: test_taskgroup_07
    Behaviour("so does one whose body has ended, and one without tasks") {
      for hasTask in [false, true] {
        let (started, cleaned) = (Gate(), Notes<Void>())
        let task = Task {
          try await withTaskScope { scope in
            if hasTask {
              scope.createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
            } else {
              try await waitAndCleanUp(started: started) { cleaned.note(()) }
            }
          }
        }
        try await started.pass()
        task.cancel()
        try await expectCancellation { try await task.value }
        try expect(cleaned.count, equals: 1)
      }
    },  // test_taskgroups: test_cancellation, test_taskgroup_17, test_taskgroup_22
    Behaviour("errors of a scope's tasks that are cancelled from outside win over the cancellation") {
      let gates = (0..<2).map { _ in Gate() }
      let task = Task {
        try await withTaskScope { scope in
          for (number, gate) in gates.enumerated() {
            scope.createTask {
              do { try await waitAndCleanUp(started: gate) {} } catch { throw Failure(number) }
            }
          }
        }
      }
      for gate in gates { try await gate.pass() }
      task.cancel()
      do {
        try await task.value
        try expect(false)
      } catch let group as ErrorGroup {
        try expect(group.errors(of: Failure.self).map(\.number).sorted(), equals: [0, 1])
      }
    },  // test_taskgroups: test_taskgroup_08
    Behaviour("errors of an inner scope's tasks come out of an outer one that is cancelled") {
      let (gates, cleaned) = ((0..<2).map { _ in Gate() }, Notes<Void>())
      let other = Gate()
      let task = Task {
        try await withTaskScope { outer in
          outer.createTask { try await waitAndCleanUp(started: other) { cleaned.note(()) } }
          try await withTaskScope { inner in
            for (number, gate) in gates.enumerated() {
              inner.createTask {
                do { try await waitAndCleanUp(started: gate) {} } catch { throw Failure(number) }
              }
            }
          }
        }
      }
      for gate in gates + [other] { try await gate.pass() }
      task.cancel()
      do {
        try await task.value
        try expect(false)
      } catch let group as ErrorGroup {
        try expect(group.errors(of: Failure.self).map(\.number).sorted(), equals: [0, 1])
        try expect(group.errors.count, equals: 2)
      }
      try expect(cleaned.count, equals: 1)
    },  // test_taskgroups: test_taskgroup_11, test_taskgroup_12
    Behaviour("an error of a scope's task while the body cleans up after a cancellation comes out") {
      let (started, cleansUp, failed) = (Gate(), Gate(), Gate())
      let nested = Task {
        try await Task {
          try await withTaskScope { scope in
            scope.createTask {
              started.open()
              await cleansUp.passUncancelled()
              defer { failed.open() }
              throw Failure(1)
            }
            await started.passUncancelled()
            do { try await sleep(for: .seconds(1000)) } catch {
              cleansUp.open()
              await failed.passUncancelled()
              throw error
            }
          }
        }.valueUnlessCancelled
      }
      try await started.pass()
      nested.cancel()
      try await expect(throws: Failure(1)) { try await nested.value }
    },  // test_taskgroups: test_taskgroup_15, test_taskgroup_16
    Behaviour("an error that a scope's body throws for its cancellation comes out") {
      let started = Gate()
      let task = Task {
        try await withTaskScope { _ in
          do { try await waitAndCleanUp(started: started) {} } catch { throw Failure(3) }
        }
      }
      try await started.pass()
      task.cancel()
      try await expect(throws: Failure(3)) { try await task.value }
    },  // test_taskgroups: test_taskgroup_18
    Behaviour("a cancellation that comes while a scope fails is not lost") {
      let (cleansUp, cancelled) = (Gate(), Gate())
      let reached = Notes<Bool>()
      let task = Task {
        do {
          try await withTaskScope { scope in
            scope.createTask { throw Failure(1) }
            do { try await sleep(for: .seconds(1000)) } catch {
              cleansUp.open()
              await cancelled.passUncancelled()
              throw error
            }
          }
        } catch is Failure {
          reached.note(Task.isCancelled)
        }
        try await sleep(for: .seconds(1000))
        reached.note(false)
      }
      try await cleansUp.pass()
      task.cancel()
      cancelled.open()
      try await expectCancellation { try await task.value }
      try expect(reached.entries, equals: [true])
    },  // test_taskgroups: test_error_and_cancel
    Behaviour("cancelling a scope, once or twice, ends its tasks and its body without an error") {
      let (gates, cleaned) = ((0..<3).map { _ in Gate() }, Notes<Void>())
      try await withTaskScope { scope in
        for gate in gates {
          scope.createTask { try await waitAndCleanUp(started: gate) { cleaned.note(()) } }
        }
        for gate in gates { try await gate.pass() }
        scope.cancel()
        scope.cancel()
        try expect(scope.isCancelled)
        try await sleep(for: .seconds(1000))
      }
      try expect(cleaned.count, equals: 3)
      try expect(!Task.isCancelled)
    },
    // test_taskgroups: test_taskgroup_cancel_children, test_taskgroup_cancel_body,
    // test_taskgroup_cancel_idempotent
    Behaviour("in a scope that was cancelled no task starts") {
      let started = Notes<Void>()
      try await withTaskScope { scope in
        scope.cancel()
        let task = scope.createTask { started.note(()) }
        try await expectCancellation { try await task.value }
      }
      try expect(started.count, equals: 0)
    },  // test_taskgroups: test_taskgroup_cancel_before_create_task
    Behaviour("a scope's first task to have a result cancels the others") {
      let (gates, results) = ((0..<3).map { _ in Gate() }, Notes<Int>())
      try await withTaskScope { scope in
        for (number, gate) in gates.enumerated() {
          scope.createTask {
            if number > 0 { try await waitAndCleanUp(started: gate) {} }
            for gate in gates.dropFirst() { try await gate.pass() }
            results.note(number)
            scope.cancel()
          }
        }
      }
      try expect(results.entries, equals: [0])
    },
    // test_taskgroups: test_taskgroup_cancel_one_winner,
    // test_taskgroup_cancel_from_child_before_first_suspension
    Behaviour("cancelling a scope that has ended does nothing") {
      let scopes = Notes<TaskScope>()
      try await withTaskScope { scopes.note($0) }
      for scope in scopes.entries { scope.cancel() }
      try expect(!Task.isCancelled)
    },  // test_taskgroups: test_taskgroup_cancel_after_exit
    Behaviour("cancelling a scope does not hide a cancellation from outside") {
      let started = Gate()
      let task = Task {
        try await withTaskScope { scope in
          do { try await waitAndCleanUp(started: started) {} } catch {
            scope.cancel()
            throw error
          }
        }
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
    },  // test_taskgroups: test_taskgroup_cancel_keeps_outer_cancellation
    Behaviour("cancelling a scope hides no error, of a task or of the body, before or after") {
      for isFirst in [false, true] {
        try await expect(throws: Failure(1)) {
          try await withTaskScope { scope in
            scope.createTask {
              if isFirst { scope.cancel() }
              defer { scope.cancel() }
              throw Failure(1)
            }
          }
        }
        try await expect(throws: Failure(2)) {
          try await withTaskScope { scope in
            if isFirst { scope.cancel() }
            defer { scope.cancel() }
            throw Failure(2)
          }
        }
      }
    },
    // test_taskgroups: test_taskgroup_cancel_before_exception, test_taskgroup_cancel_after_exception,
    // test_taskgroup_body_cancel_before_exception, test_taskgroup_body_cancel_after_exception
  ]
}

extension Task where Failure == any Error {
  /// The value; who waits for it passes its cancellation on.
  fileprivate var valueUnlessCancelled: Success {
    get async throws {
      try await withTaskCancellationHandler {
        try await value
      } onCancel: {
        cancel()
      }
    }
  }
}
