import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  /// Task scopes that end well.
  static let scopes = [
    Behaviour("a scope waits for its tasks, also for those that are added later") {
      let (gate, ended) = (Gate(), Notes<Int>())
      let (first, second) = try await withTaskScope { scope in
        let first = scope.createTask {
          try await gate.pass()
          ended.note(1)
          return 42
        }
        try await checkpoint()
        let second = scope.createTask {
          gate.open()
          try await sleep(for: .milliseconds(1))
          ended.note(2)
          return 11
        }
        return (first, second)
      }
      try expect(ended.entries.sorted(), equals: [1, 2])
      try await expect(try first.value, equals: 42)
      try await expect(try second.value, equals: 11)
    },  // test_taskgroups: test_taskgroup_01, test_taskgroup_02
    Behaviour("a scope's task that is cancelled on its own is no error") {
      let started = Gate()
      let value = try await withTaskScope { scope in
        let task = scope.createTask { try await waitAndCleanUp(started: started) {} }
        try await started.pass()
        task.cancel()
        return try await scope.createTask { 11 }.value
      }
      try expect(value, equals: 11)
    },  // test_taskgroups: test_taskgroup_03
    Behaviour("a scope's task starts others, also after the body's end") {
      let ended = Notes<Int>()
      try await withTaskScope { scope in
        scope.createTask {
          try await sleep(for: .milliseconds(1))
          for number in 0..<3 {
            scope.createTask {
              try await checkpoint()
              ended.note(number)
            }
          }
        }
      }
      try expect(ended.entries.sorted(), equals: [0, 1, 2])
    },  // test_taskgroups: test_taskgroup_24
    Behaviour("a scope counts the tasks that have not ended") {
      try await withTaskScope { scope in
        let gate = Gate()
        let tasks = (0..<3).map { _ in scope.createTask { try await gate.pass() } }
        try expect(scope.count, equals: 3)
        gate.open()
        for task in tasks { try await task.value }
        while scope.count > 0 { try await checkpoint() }
      }
    },  // test_taskgroups: test_taskgroup_23
    Behaviour("a scope's task has its name") {
      let (outside, inside) = try await withTaskScope { scope in
        let task = scope.createTask(name: "yolo") { Task.name }
        return (task.name, try await task.value)
      }
      try expect(outside, equals: "yolo")
      try expect(inside, equals: "yolo")
    },  // test_taskgroups: test_taskgroup_task_name, test_name
    Behaviour("scopes in scopes") {
      @Sendable func recurse(width: Int, depth: Int) async throws -> Int {
        guard depth > 0 else { return 1 }
        return try await withTaskScope { scope in
          let tasks = (0..<width).map { _ in
            scope.createTask { try await recurse(width: width, depth: depth - 1) }
          }
          var sum = 0
          for task in tasks { sum += try await task.value }
          return sum
        }
      }
      try await expect(try recurse(width: 5, depth: 3), equals: 125)
    },  // test_eager_task_factory: BaseTaskCountingTests.test_recursive_taskgroups
    Behaviour("a scope's body uses its caller's variables") {
      var sum = 0
      try await withTaskScope { scope in
        for number in 1...3 { sum += try await scope.createTask { number }.value }
      }
      try expect(sum, equals: 6)
    },
    Behaviour("a scope's task says when it is ready, and goes on") {
      let gate = Gate()
      let number = try await withTaskScope { scope in
        let number = try await scope.start { (ready: ReadySignal<Int>) in
          try await checkpoint()
          ready(7)
          try await gate.pass()
        }
        gate.open()
        return number
      }
      try expect(number, equals: 7)
    },
  ]
}
