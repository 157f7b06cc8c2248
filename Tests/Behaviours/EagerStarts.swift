import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  private enum Local {
    @TaskLocal static var value = 0
  }

  private static var currentTask: Int { unsafe withUnsafeCurrentTask { unsafe $0?.hashValue ?? 0 } }

  static let eagerStarts = [
    Behaviour("an eager task that need not wait has ended when it was made") {
      let done = Notes<Void>()
      let task = createTask(eagerStart: true) {
        done.note(())
        return "hello"
      }
      try expect(done.count, equals: 1)
      try expect(task.isDone)
      try expect(!task.cancel())
      try await expect(try task.value, equals: "hello")
    },
    // test_eager_task_factory: EagerTaskFactoryLoopTests.test_eager_completion, test_await_future_during_eager_step,
    // test_cancellation_after_eager_completion
    Behaviour("an eager task that waits ends later") {
      let gate = Gate()
      let task = createTask(eagerStart: true) {
        try await gate.pass()
        return 42
      }
      try expect(!task.isDone)
      gate.open()
      try await expect(try task.value, equals: 42)
      try expect(task.isDone)
    },  // test_eager_task_factory: EagerTaskFactoryLoopTests.test_block_after_eager_step
    Behaviour("an eager task that waits can be cancelled") {
      let task = createTask(eagerStart: true) {
        do { try await sleep(for: .seconds(1000)) } catch {
          try expect(Task.cancellationReason.map(String.init(describing:)), equals: "cancelled: why")
          throw error
        }
      }
      try expect(task.cancel(reason: "why"))
      try await expectCancellation { try await task.value }
    },  // test_eager_task_factory: EagerTaskFactoryLoopTests.test_cancellation_after_eager_step_blocks
    Behaviour("an eager task is the current one in its first step, and its maker afterwards") {
      let (maker, seen) = (currentTask, Notes<Int>())
      let names = Notes<String?>()
      let task = createTask(name: "eager", eagerStart: true) {
        names.note(Task.name)
        seen.note(currentTask)
        try await checkpoint()
        names.note(Task.name)
        seen.note(currentTask)
      }
      try expect(currentTask, equals: maker)
      try expect(Task.name != "eager")
      try await task.value
      try expect(names.entries, equals: ["eager", "eager"])
      try expect(seen.entries.count == 2 && seen.entries[0] == seen.entries[1] && seen.entries[0] != maker)
    },
    // test_eager_task_factory: EagerTaskFactoryLoopTests.test_current_task,
    // CEagerTaskFactoryLoopTests.test_name
    Behaviour("an eager task is in the registry from its first step to its end") {
      @Sendable func isRegistered() -> Bool {
        TaskRegistry.shared.all.contains { $0.name == "eager, registered" }
      }
      let gate = Gate()
      let task = createTask(name: "eager, registered", eagerStart: true) {
        try expect(isRegistered())
        try await gate.pass()
      }
      try expect(isRegistered())
      gate.open()
      try await task.value
      while isRegistered() { try await checkpoint() }
    },
    // test_eager_task_factory: EagerTaskFactoryLoopTests.test_all_tasks_with_blocking, test_all_tasks_with_eager_completion
    Behaviour("an eager task sees its maker's task-local values, and changes only its own") {
      let seen = Notes<Int>()
      let task = Local.$value.withValue(1) {
        createTask(eagerStart: true) {
          seen.note(Local.value)
          try await Local.$value.withValue(2) {
            try await checkpoint()
            seen.note(Local.value)
          }
        }
      }
      try expect(Local.value, equals: 0)
      try await task.value
      try expect(seen.entries, equals: [1, 2])
    },  // test_eager_task_factory: EagerTaskFactoryLoopTests.test_context_vars
    Behaviour("a task that is not eager waits for its turn") {
      let gate = Gate()
      let task = createTask(eagerStart: false) { try await gate.pass() }
      try expect(!task.isDone)
      gate.open()
      try await task.value
    },  // test_eager_task_factory: EagerTaskFactoryLoopTests.test_eager_start_false
    Behaviour("an eager task's error cancels its maker at its next wait, not at once") {
      let reached = Notes<Bool>()
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          let second = scope.createTask(eagerStart: true) {
            scope.createTask(eagerStart: true) { throw Failure(1) }
            reached.note(true)
            do { try await sleep(for: .seconds(1000)) } catch {
              reached.note(Task.isCancelled)
              throw error
            }
          }
          try await second.value
        }
      }
      try expect(reached.entries, equals: [true, true])
    },  // test_taskgroups: test_cancels_task_if_created_during_creation
  ]
}
