import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let shields = [
    Behaviour("a shield gives the task's value, its error, and its cancellation") {
      let gate = Gate()
      let value = createTask {
        try await gate.pass()
        return 42
      }
      let error = createTask {
        try await gate.pass()
        throw Failure(1)
      }
      let cancelled = createTask { try await sleep(for: .seconds(1000)) }
      gate.open()
      cancelled.cancel()
      try await expect(try shield(value), equals: 42)
      try await expect(throws: Failure(1)) { try await shield(error) }
      try await expectCancellation { try await shield(cancelled) }
      // Once more, now that they are done.
      try await expect(try shield(value), equals: 42)
      try await expect(throws: Failure(1)) { try await shield(error) }
      try expect(!Task.isCancelled)
    },  // test_tasks: BaseTaskTests.test_shield_result, _exception, _cancel_inner, _shortcut
    Behaviour("cancelling who waits at a shield leaves the task alone") {
      let (waits, gate) = (Gate(), Gate())
      let task = createTask {
        try await gate.pass()
        return 42
      }
      let waiting = Task {
        waits.open()
        return try await shield(task)
      }
      try await waits.pass()
      waiting.cancel()
      try await expectCancellation { try await waiting.value }
      try expect(!task.isDone)
      gate.open()
      try await expect(try task.value, equals: 42)
    },  // test_tasks: BaseTaskTests.test_shield_cancel_outer, _cancel_outer_result, _effect
    Behaviour("a shielded operation goes on when its caller is cancelled") {
      let (started, gate, ended) = (Gate(), Gate(), Gate())
      let waiting = Task {
        try await shield {
          started.open()
          try await gate.pass()
          ended.open()
        }
      }
      try await started.pass()
      waiting.cancel()
      try await expectCancellation { try await waiting.value }
      gate.open()
      try await ended.pass()
    },  // test_tasks: BaseTaskTests.test_shield_cancel_outer_in_task, _coroutine_use_running_loop
    Behaviour("what is shielded lives on after a timeout") {
      let gate = Gate()
      let task = createTask {
        try await gate.pass()
        return 42
      }
      try await expect(throws: TimeoutError(after: .milliseconds(1))) {
        try await withTimeout(.milliseconds(1)) { try await shield(task) }
      }
      try await expect(throws: TimeoutError(after: .zero)) {
        try await withTimeout(.zero) { try await shield(task) }
      }
      try expect(!task.isDone)
      gate.open()
      try await expect(try shield(task), equals: 42)
    },  // test_waitfor: WaitForShieldTests.test_shielded_timeout, test_zero_timeout, test_none_timeout
    Behaviour("a shield around a gather lets it end") {
      let (waits, gate) = (Gate(), Gate())
      let gathering = createTask {
        try await gather(0..<2) { number in
          try await gate.pass()
          return number
        }
      }
      let waiting = Task {
        waits.open()
        return try await shield(gathering)
      }
      try await waits.pass()
      waiting.cancel()
      try await expectCancellation { try await waiting.value }
      gate.open()
      try await expect(try gathering.value, equals: [0, 1])
    },  // test_tasks: BaseTaskTests.test_shield_gather
    Behaviour("a gather of shields that is cancelled leaves the tasks alone") {
      let (gates, gate) = ((0..<2).map { _ in Gate() }, Gate())
      let tasks = (0..<2).map { number in
        createTask {
          try await gate.pass()
          return number
        }
      }
      let gathering = Task {
        try await gather(0..<2) { number in
          gates[number].open()
          return try await shield(tasks[number])
        }
      }
      for gate in gates { try await gate.pass() }
      gathering.cancel()
      try await expectCancellation { try await gathering.value }
      gate.open()
      for (number, task) in tasks.enumerated() { try await expect(try task.value, equals: number) }
    },  // test_tasks: BaseTaskTests.test_gather_shield
    Behaviour("in a shield a body does not see that its caller is cancelled") {
      let started = Gate()
      let seen = Notes<Bool>()
      let task = Task {
        do { try await waitAndCleanUp(started: started) {} } catch {
          try await withShield {
            seen.note(Task.isCancelled)
            try await sleep(for: .milliseconds(1))
          }
          seen.note(Task.isCancelled)
          throw error
        }
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(seen.entries, equals: [false, true])
    },
    Behaviour("a timeout in a shield ends it") {
      try await expect(throws: TimeoutError(after: .milliseconds(1))) {
        try await withShield {
          try await withTimeout(.milliseconds(1)) { try await sleep(for: .seconds(1000)) }
        }
      }
    },
  ]
}
