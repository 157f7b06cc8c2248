import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let cancelScopes = [
    Behaviour("a cancel scope ends by its own cancellation with nothing, and its caller goes on") {
      let (scopes, started, cleaned) = (Notes<CancelScope>(), Gate(), Notes<Void>())
      let other = Task {
        try await started.pass()
        for scope in scopes.entries { try expect(scope.cancel()) }
      }
      let value: Int? = try await withCancelScope { scope in
        scopes.note(scope)
        try await waitAndCleanUp(started: started) { cleaned.note(()) }
        return 42
      }
      try await other.value
      try expect(value, equals: nil)
      try expect(cleaned.count, equals: 1)
      try expect(!Task.isCancelled)
      try expect(scopes.entries.allSatisfy { $0.isCancelled && !$0.isExpired && !$0.cancel() })
    },
    Behaviour("a cancel scope that is not cancelled gives its value") {
      let scopes = Notes<CancelScope>()
      let value: Int? = try await withCancelScope { scope in
        scopes.note(scope)
        try expect(scope.deadline, equals: nil)
        try await checkpoint()
        return 42
      }
      try expect(value, equals: 42)
      try expect(scopes.entries.allSatisfy { !$0.isCancelled && !$0.isExpired && !$0.cancel() })
    },  // test_timeouts: test_timeout_disabled, test_timeout_at_disabled
    Behaviour("a cancel scope ends by its deadline, and says so") {
      let scopes = Notes<CancelScope>()
      let value: Int? = try await withCancelScope(deadline: LoopClock.now.advanced(by: .milliseconds(2))) {
        scopes.note($0)
        try await sleep(for: .seconds(1000))
        return 42
      }
      try expect(value, equals: nil)
      try expect(scopes.entries.allSatisfy { $0.isCancelled && $0.isExpired })
    },
    Behaviour("a cancellation from outside is not a scope's own") {
      let started = Gate()
      let task = Task { try await withCancelScope { _ in try await waitAndCleanUp(started: started) {} } }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
    },
    Behaviour("a deadline ends a body as a timeout does") {
      let deadline = LoopClock.now.advanced(by: .milliseconds(2))
      let scopes = Notes<CancelScope>()
      do {
        try await withDeadline(deadline) { scope in
          scopes.note(scope)
          try await sleep(for: .seconds(1000))
        }
        try expect(false)
      } catch is TimeoutError {
      }
      try expect(scopes.entries.allSatisfy { $0.isExpired && $0.deadline != nil })
      try expect(LoopClock.now >= deadline)
    },  // test_timeouts: test_timeout_at_basic
    Behaviour("a deadline can be moved and taken away while its scope is active") {
      let (scopes, started) = (Notes<CancelScope>(), Gate())
      let task = Task {
        try await withTimeout(.seconds(500)) { scope in
          scopes.note(scope)
          try await waitAndCleanUp(started: started) {}
        }
      }
      try await started.pass()
      guard let scope = scopes.entries.first else { return try expect(false) }
      let later = LoopClock.now.advanced(by: .seconds(900))
      try expect(scope.reschedule(to: later))
      try expect(scope.deadline, equals: later)
      try expect(scope.reschedule(to: nil))
      try expect(scope.deadline, equals: nil)
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(!scope.isExpired)
    },  // test_timeouts: test_reschedule
    Behaviour("a deadline that is moved to the past ends the body at once") {
      do {
        try await withTimeout(.seconds(1000)) { scope in
          scope.reschedule(to: LoopClock.now)
          try await sleep(for: .seconds(900))
        }
        try expect(false)
      } catch is TimeoutError {
      }
    },
    Behaviour("the deadline of a scope that expires, has expired or has ended cannot be moved") {
      let scopes = Notes<CancelScope>()
      let later = LoopClock.now.advanced(by: .seconds(1000))
      try? await withTimeout(.milliseconds(1)) { scope in
        scopes.note(scope)
        do { try await sleep(for: .seconds(1000)) } catch {
          try expect(scope.isExpired)
          try expect(!scope.reschedule(to: later))
          throw error
        }
      }
      try await withTimeout(.seconds(1000)) { scope in scopes.note(scope) }
      try expect(scopes.entries.map { $0.reschedule(to: later) }, equals: [false, false])
      try expect(scopes.entries.map(\.isExpired), equals: [true, false])
    },  // test_timeouts: test_timeout_expiring, test_timeout_expired, test_timeout_finished
    Behaviour("a timeout around a scope ends its tasks, whose errors come out") {
      let (started, waits) = (Gate(), Gate())
      do {
        try await withTimeout(.milliseconds(2)) {
          try await withTaskScope { scope in
            scope.createTask {
              do { try await waitAndCleanUp(started: started) {} } catch { throw Failure(1) }
            }
            try await started.pass()
            do { try await waitAndCleanUp(started: waits) {} } catch { throw Failure(2) }
          }
        }
        try expect(false)
      } catch let group as ErrorGroup {
        try expect(group.errors(of: Failure.self).map(\.number).sorted(), equals: [1, 2])
      } catch is TimeoutError {
        // Where the time was over before the task had begun.
        try expect(true)
      }
    },  // test_timeouts: test_timeout_taskgroup
    Behaviour("without time, or with none left, there is nothing instead of an error") {
      try await expect(try withTimeoutOrNil(.seconds(1000)) { 42 }, equals: 42)
      let late = try await withTimeoutOrNil(.milliseconds(1)) {
        try await sleep(for: .seconds(1000))
        return 42
      }
      try expect(late, equals: nil)
      try await expect(try withTimeoutOrNil(.zero) { 42 }, equals: nil)
    },
  ]
}
