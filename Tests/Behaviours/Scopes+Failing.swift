import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  /// Task scopes in which something fails.
  static let failingScopes = [
    Behaviour("the first error in a scope cancels the other tasks and the body, whose cleanup is awaited") {
      let (started, bodyWaits, cleaned) = (Gate(), Gate(), Notes<String>())
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          scope.createTask { try await waitAndCleanUp(started: started) { cleaned.note("task") } }
          scope.createTask {
            try await started.pass()
            try await bodyWaits.pass()
            throw Failure(1)
          }
          try await waitAndCleanUp(started: bodyWaits) { cleaned.note("body") }
        }
      }
      try expect(cleaned.entries.sorted(), equals: ["body", "task"])
    },  // test_taskgroups: test_taskgroup_04, test_cancel_children_on_child_error
    Behaviour("an error of a scope's body, before any wait or after one, cancels the tasks") {
      for waits in [false, true] {
        let (started, cleaned) = (Gate(), Notes<Void>())
        let handles = Notes<TaskHandle<Void>>()
        try await expect(throws: Failure(2)) {
          try await withTaskScope { scope in
            handles.note(scope.createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } })
            if waits { try await started.pass() }
            throw Failure(2)
          }
        }
        try expect(handles.entries.allSatisfy { $0.isDone && $0.isCancelled })
        if waits { try expect(cleaned.count, equals: 1) }
      }
    },  // test_taskgroups: test_taskgroup_09, test_taskgroup_10
    Behaviour("the errors of a scope's task and of its body both come out") {
      let started = Gate()
      do {
        try await withTaskScope { scope in
          scope.createTask {
            try await started.pass()
            throw Failure(1)
          }
          do { try await waitAndCleanUp(started: started) {} } catch { throw Failure(2) }
        }
        try expect(false)
      } catch let group as ErrorGroup {
        try expect(group.errors(of: Failure.self).map(\.number).sorted(), equals: [1, 2])
      }
    },  // test_taskgroups: test_taskgroup_19, test_taskgroup_context_manager_exit_raises
    Behaviour("an error in an outer scope cancels the inner one") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      try await expect(throws: Failure(1)) {
        try await withTaskScope { outer in
          outer.createTask {
            try await started.pass()
            throw Failure(1)
          }
          try await withTaskScope { inner in
            inner.createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
          }
        }
      }
      try expect(cleaned.count, equals: 1)
    },  // test_taskgroups: test_taskgroup_13
    Behaviour("an error in an inner scope cancels the outer one") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      try await expect(throws: Failure(1)) {
        try await withTaskScope { outer in
          outer.createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
          try await withTaskScope { inner in
            inner.createTask {
              try await started.pass()
              throw Failure(1)
            }
          }
        }
      }
      try expect(cleaned.count, equals: 1)
    },  // test_taskgroups: test_taskgroup_14
    Behaviour("an inner scope's error that is caught lets the outer one's come out") {
      try await expect(throws: Failure(2)) {
        try await withTaskScope { outer in
          do {
            try await withTaskScope { inner in
              inner.createTask { throw Failure(1) }
              try await sleep(for: .seconds(1000))
            }
          } catch is Failure {
            try expect(!Task.isCancelled)
            outer.createTask { throw Failure(2) }
          }
          try await sleep(for: .seconds(1000))
        }
      }
      try expect(!Task.isCancelled)
    },  // test_taskgroups: test_nested_groups_both_cancelled
    Behaviour("after a scope that has failed, its caller goes on, uncancelled") {
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          scope.createTask { throw Failure(1) }
          try await sleep(for: .seconds(1000))
        }
      }
      try expect(!Task.isCancelled)
      try await sleep(for: .milliseconds(1))
    },  // test_taskgroups: test_cancelling_level_preserved, test_cancellation_does_not_leak_out_of_tg
    Behaviour("in a scope that fails no task starts") {
      let (started, refused) = (Gate(), Notes<Bool>())
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          scope.createTask {
            try? await waitAndCleanUp(started: started) {}
            let late = scope.createTask { refused.note(false) }
            try await expectCancellation { try await late.value }
            refused.note(true)
          }
          try await started.pass()
          throw Failure(1)
        }
      }
      try expect(refused.entries, equals: [true])
    },  // test_taskgroups: test_taskgroup_no_create_task_after_failure
    Behaviour("tasks that start others for ever are ended by an error") {
      let count = Level()
      @Sendable func hydra(_ scope: TaskScope) async throws {
        count.enter()
        try await sleep(for: .microseconds(100))
        for _ in 0..<2 { scope.createTask { try await hydra(scope) } }
      }
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          scope.createTask { try await hydra(scope) }
          scope.createTask {
            while count.total < 10 { try await sleep(for: .microseconds(150)) }
            throw Failure(1)
          }
        }
      }
      try expect(count.total >= 10)
    },  // test_taskgroups: test_taskgroup_25
    Behaviour("in a supervisor scope a failure is its task's own") {
      let values = try await withSupervisorScope { scope in
        let failing = scope.createTask { throw Failure(1) }
        let other = scope.createTask {
          try await expect(throws: Failure(1)) { try await failing.value }
          return 42
        }
        return try await other.value
      }
      try expect(values, equals: 42)
    },
  ]
}
