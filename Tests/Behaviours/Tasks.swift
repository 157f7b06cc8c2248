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
    Behaviour("a task that cancels itself is cancelled at its next wait") {
      let reached = Notes<String>()
      let handle = createTask {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        reached.note("goes on")
        try await sleep(for: .seconds(1000))
        reached.note("has slept")
      }
      try await expectCancellation { try await handle.value }
      try expect(reached.entries, equals: ["goes on"])
    },
    Behaviour("an error that a task throws while it is cancelled is its error") {
      let started = Gate()
      let handle = createTask {
        do { try await waitAndCleanUp(started: started) {} } catch { throw Failure(7) }
      }
      try await started.pass()
      handle.cancel()
      try await expect(throws: Failure(7)) { try await handle.value }
    },
    Behaviour("who waits for a task that is cancelled gets its cancellation, and is not cancelled") {
      let started = Gate()
      let inner = createTask { try await waitAndCleanUp(started: started) {} }
      let outer = createTask {
        try await expectCancellation { try await inner.value }
        return Task.isCancelled
      }
      try await started.pass()
      inner.cancel()
      try await expect(try outer.value, equals: false)
    },
    Behaviour("both a task and who waits for it may be cancelled") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      let inner = createTask { try await waitAndCleanUp(started: started) { cleaned.note(()) } }
      let outer = createTask { try await inner.value }
      try await started.pass()
      inner.cancel()
      outer.cancel()
      // Cancelled before it began to wait, the outer one never asks the inner one.
      try await expectCancellation { try await outer.value }
      try await expectCancellation { try await inner.value }
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("a task that gives way again and again ends by its cancellation") {
      let started = Gate()
      let handle = createTask {
        while true {
          try await sleep(for: .zero)
          started.open()
        }
      }
      try await started.pass()
      handle.cancel()
      try await expectCancellation { try await handle.value }
      try expect(!handle.cancel())
    },
    Behaviour("a chain of calls is one task") {
      let depth = try await createTask {
        try await Chain(task: unsafe withUnsafeCurrentTask { unsafe $0?.hashValue }).depth(100)
      }.value
      try expect(depth, equals: 100)
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

  /// Calls that call each other.
  private struct Chain: Sendable {
    let task: Int?

    func depth(_ levels: Int) async throws -> Int {
      try expect(unsafe withUnsafeCurrentTask { unsafe $0?.hashValue }, equals: task)
      guard levels > 0 else { return 0 }
      return try await 1 + depth(levels - 1)
    }
  }
}
