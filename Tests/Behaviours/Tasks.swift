import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  private enum Local {
    @TaskLocal static var value = 0
  }

  static let tasks = [
    Behaviour("a task has its value and its error") {
      let value = createTask {
        try await sleep(for: .milliseconds(1))
        return 42
      }
      let error = createTask { throw Failure(1) }
      try await expect(try value.value, equals: 42)
      try await expect(try value.value, equals: 42)
      try await expect(throws: Failure(1)) { try await error.value }
      try expect(value.isDone && error.isDone)
    },
    Behaviour("a task that is cancelled as it is made ends by that") {
      let handle = createTask { try await sleep(for: .seconds(1000)) }
      try expect(handle.cancel())
      try await expectCancellation { try await handle.value }
      try expect(!handle.cancel())
    },
    Behaviour("cancelling a task wakes it, and its cleanup is awaited") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      let handle = createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
      try await started.pass()
      try expect(handle.cancel())
      try await expectCancellation { try await handle.value }
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("a task may ignore its cancellation") {
      let started = Gate()
      let handle = createTask {
        try? await waitAndCleanUp(started: started) {}
        return 42
      }
      try await started.pass()
      handle.cancel()
      try await expect(try handle.value, equals: 42)
    },
    Behaviour("cancelling who waits for a task cancels the task") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      let handle = createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
      let waiting = Task { try await handle.value }
      try await started.pass()
      waiting.cancel()
      try await expectCancellation { try await waiting.value }
      try expect(handle.isDone)
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("several may wait for one task") {
      let gate = Gate()
      let handle = createTask {
        try await gate.pass()
        return 7
      }
      let values = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<10 { group.addTask { try await handle.value } }
        gate.open()
        return try await group.reduce(into: []) { $0.append($1) }
      }
      try expect(values, equals: Array(repeating: 7, count: 10))
    },
    Behaviour("a task sees the task-local values of where it was made") {
      let handle = Local.$value.withValue(7) {
        createTask {
          try await checkpoint()
          return Local.value
        }
      }
      try await expect(try handle.value, equals: 7)
      try expect(Local.value, equals: 0)
    },
    Behaviour("a thousand tasks all end") {
      let handles = (0..<1000).map { number in
        createTask {
          try await sleep(for: .microseconds(number % 100))
          return number
        }
      }
      var sum = 0
      for handle in handles { sum += try await handle.value }
      try expect(sum, equals: 499_500)
    },
  ]
}
