import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  /// Waits until it is cancelled, and says why.
  private static func waitForReason(_ started: Gate) async -> String {
    try? await waitAndCleanUp(started: started) {}
    return Task.cancellationReason.map(String.init(describing:)) ?? "no reason"
  }

  static let reasons = [
    Behaviour("a task that is cancelled can read the reason, and the first one counts") {
      let started = Gate()
      let task = createTask { await waitForReason(started) }
      try await started.pass()
      task.cancel(reason: "my message")
      task.cancel(reason: "another")
      try await expect(try task.value, equals: "cancelled: my message")
    },  // test_tasks: BaseTaskTests.test_cancel_with_message_then_future_result, _exception
    Behaviour("a body in a scope reads why the scope was cancelled") {
      let started = Gate()
      let scopes = Notes<TaskScope>()
      let other = Task {
        try await started.pass()
        for scope in scopes.entries { scope.cancel(reason: "enough") }
      }
      let reason = try await withTaskScope { scope in
        scopes.note(scope)
        return await waitForReason(started)
      }
      try await other.value
      try expect(reason, equals: "cancelled: enough")
    },
    Behaviour("after an expiry and a failure the reason says so") {
      let (expiring, failing) = (Gate(), Gate())
      try await expect(
        try withTimeout(.milliseconds(1)) { await waitForReason(expiring) }, equals: "the deadline has passed"
      )
      let reasons = Notes<String>()
      try await expect(throws: Failure(1)) {
        try await withTaskScope { scope in
          scope.createTask { reasons.note(await waitForReason(failing)) }
          try await failing.pass()
          throw Failure(1)
        }
      }
      try expect(reasons.entries, equals: ["another task failed: Failure(number: 1)"])
    },
    Behaviour("without a cancellation there is no reason") {
      try expect(Task.cancellationReason.map(String.init(describing:)), equals: nil)
    },
  ]
}
