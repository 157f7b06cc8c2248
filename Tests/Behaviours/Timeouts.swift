import AsyncIOCoordination
import AsyncIORuntime
import Glibc

extension Behaviour {
  static let timeouts = [
    Behaviour("a body that ends in time gives its value") {
      let value = try await withTimeout(.seconds(1000)) {
        try await sleep(for: .milliseconds(1))
        return 42
      }
      try expect(value, equals: 42)
    },
    Behaviour("a body that is late is cancelled, awaited, and a TimeoutError") {
      let cleaned = Notes<Void>()
      try await expect(throws: TimeoutError(after: .milliseconds(2))) {
        try await withTimeout(.milliseconds(2)) { try await waitAndCleanUp { cleaned.note(()) } }
      }
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("after a timeout the caller goes on, uncancelled") {
      try await expect(throws: TimeoutError(after: .milliseconds(1))) {
        try await withTimeout(.milliseconds(1)) { try await sleep(for: .seconds(1000)) }
      }
      try expect(!Task.isCancelled)
      try await sleep(for: .milliseconds(1))
    },
    Behaviour("a body that suppresses its cancellation gives its value") {
      let value = try await withTimeout(.milliseconds(1)) {
        try? await sleep(for: .seconds(1000))
        return 42
      }
      try expect(value, equals: 42)
    },
    Behaviour("an error in the cleanup after an expiry passes") {
      try await expect(throws: Failure(7)) {
        try await withTimeout(.milliseconds(1)) {
          do { try await sleep(for: .seconds(1000)) } catch { throw Failure(7) }
        }
      }
    },
    Behaviour("an error of the body passes, also a cancellation of its own") {
      try await expect(throws: Failure(1)) { try await withTimeout(.seconds(1000)) { throw Failure(1) } }
      try await expect(throws: Failure(2)) {
        try await withTimeout(.seconds(1000)) {
          try await checkpoint()
          throw Failure(2)
        }
      }
      try await expectCancellation {
        try await withTimeout(.seconds(1000)) {
          try await checkpoint()
          throw CancellationError()
        }
      }
    },
    Behaviour("a task that the body awaits is cancelled and awaited") {
      let handle = createTask { try await waitAndCleanUp {} }
      try await expect(throws: TimeoutError(after: .milliseconds(2))) {
        try await withTimeout(.milliseconds(2)) { try await handle.value }
      }
      try expect(handle.isDone)
    },
    Behaviour("a cancellation just after the body's end is not lost") {
      let (ended, reached) = (Gate(), Notes<Void>())
      let task = Task {
        let value = try await withTimeout(.seconds(1000)) {
          defer { ended.open() }
          try await checkpoint()
          return 42
        }
        try expect(value, equals: 42)
        try await sleep(for: .seconds(1000))
        reached.note(())
      }
      try await ended.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(reached.count, equals: 0)
    },
    Behaviour("a cancellation from outside is no timeout") {
      let (started, cleaned) = (Gate(), Notes<Void>())
      let task = Task {
        try await withTimeout(.seconds(1000)) {
          try await waitAndCleanUp(started: started) { cleaned.note(()) }
        }
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try expect(cleaned.count, equals: 1)
    },
    Behaviour("of two nested timeouts the shorter one decides") {
      try await expect(throws: TimeoutError(after: .milliseconds(2))) {
        try await withTimeout(.seconds(1000)) {
          try await withTimeout(.milliseconds(2)) { try await sleep(for: .seconds(1000)) }
        }
      }
      try await expect(throws: TimeoutError(after: .milliseconds(3))) {
        try await withTimeout(.milliseconds(3)) {
          try await withTimeout(.seconds(1000)) { try await sleep(for: .seconds(1000)) }
        }
      }
    },
    Behaviour("two timeouts that are both overdue when their thread comes back give one") {
      try await expect(throws: TimeoutError(after: .milliseconds(2))) {
        try await withTimeout(.milliseconds(2)) {
          do {
            try await withTimeout(.milliseconds(1)) {
              await giveWay()
              usleep(10_000)
              try await sleep(for: .seconds(1000))
            }
          } catch is TimeoutError {
            // Where the outer one is not due yet.
          }
          try await sleep(for: .seconds(1000))
        }
      }
    },
    Behaviour("without any time a body does not start") {
      let started = Notes<Void>()
      try await expect(throws: TimeoutError(after: .zero)) {
        try await withTimeout(.zero) { started.note(()) }
      }
      try expect(started.count, equals: 0)
    },
    Behaviour("a body uses its caller's variables, on its caller's actor") {
      var steps: [Int] = []
      try await withTimeout(.seconds(1000)) {
        steps.append(1)
        try await sleep(for: .milliseconds(1))
        steps.append(2)
      }
      try expect(steps, equals: [1, 2])
      try await expect(try Owner().work(), equals: [1, 2])
    },
    Behaviour("a timeout in each operation of a gather") {
      let results = try await gather(0..<10) { number in
        do {
          try await withTimeout(.milliseconds(2)) {
            if number % 2 == 0 { try await sleep(for: .seconds(1000)) }
          }
          return true
        } catch is TimeoutError {
          return false
        }
      }
      try expect(results, equals: (0..<10).map { $0 % 2 == 1 })
    },
  ]

  private actor Owner {
    private var steps: [Int] = []

    func work() async throws -> [Int] {
      try await withTimeout(.seconds(1000)) {
        assertIsolated()
        steps.append(1)
        try await sleep(for: .milliseconds(1))
        assertIsolated()
        steps.append(2)
      }
      return steps
    }
  }
}
