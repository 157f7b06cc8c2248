import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// What a task knows of where it is: its values, its record, its loop.
@Suite(.virtualTime) struct TaskHandleContextTests {
  @Test func `a task sees the task-local values of where it was made`() async throws {
    let handle = Local.$value.withValue(7) {
      createTask {
        #expect(Local.value == 7)
        try await sleep(for: .seconds(1))
        return Local.value
      }
    }
    #expect(Local.value == 0)
    #expect(try await handle.value == 7)
  }  // test_tasks: BaseTaskTests.test_context_1

  @Test func `what a task sets is seen by nobody else`() async throws {
    let handles = Local.$value.withValue(1) {
      (0..<10).map { number in
        createTask {
          #expect(Local.value == 1)
          return try await Local.$value.withValue(10 + number) {
            try await sleep(for: .seconds(1))
            return Local.value
          }
        }
      }
    }
    for (number, handle) in handles.enumerated() { #expect(try await handle.value == 10 + number) }
    #expect(Local.value == 0)
  }  // test_tasks: BaseTaskTests.test_context_2, test_context_3

  @Test func `of tasks that take turns each is the current one while it runs`() async throws {
    let turns = Journal<String>()
    let handles = ["a", "b", "c"].map { name in
      createTask(name: name) {
        for _ in 0..<3 {
          #expect(TaskRecord.currentRecord?.name == name)
          turns.note(name)
          await giveWay()
        }
        #expect(TaskRecord.currentRecord?.name == name)
      }
    }
    for handle in handles { try await handle.value }
    #expect(turns.entries == ["a", "b", "c", "a", "b", "c", "a", "b", "c"])
  }  // test_tasks: BaseTaskTests.test_current_task_with_interleaving_tasks

  @Test func `a chain of calls is one task`() async throws {
    @Sendable func depth(_ levels: Int, in task: Int) async throws -> Int {
      #expect(currentTask == task)
      guard levels > 0 else { return 0 }
      return try await 1 + depth(levels - 1, in: task)
    }
    #expect(try await createTask { try await depth(100, in: currentTask) }.value == 100)
  }  // test_eager_task_factory: BaseTaskCountingTests.test_awaitables_chain

  @Test(.realTime) func `a task of another loop may be awaited`() async throws {
    let loop = try #require(EventLoop.current)
    let started = Waiter()
    let handles = Journal<TaskHandle<Int>>()
    async let other: Void = onVirtualLoop {
      let handle = createTask {
        #expect(!loop.isCurrent)
        try await sleep(for: .seconds(1000))
        return 42
      }
      handles.note(handle)
      started.finish(.woken)
      _ = try await handle.value
    }
    _ = await started.wait(for: "the other loop")
    let handle = try #require(handles.entries.first)
    #expect(try await handle.value == 42)
    #expect(loop.isCurrent)
    try await other
  }  // test_tasks: BaseTaskTests.test_other_loop_future, where it is refused

  private enum Local {
    @TaskLocal static var value = 0
  }
}

/// Where there is no loop.
struct TaskHandleContextOffLoopTests {
  @Test func `outside of a task that was made here there is no current one`() async throws {
    #expect(EventLoop.current == nil)
    #expect(TaskRecord.current == nil)
    #expect(try await createTask(name: "made here") { TaskRecord.currentRecord?.name }.value == "made here")
    #expect(TaskRecord.current == nil)
  }  // test_tasks: BaseCurrentLoopTests.test_current_task_no_running_loop
}
