import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let sleeping = [
    Behaviour("a sleep takes at least its time") {
      let start = LoopClock.now
      try await sleep(for: .milliseconds(3))
      try expect(start.duration(to: .now) >= .milliseconds(3))
    },
    Behaviour("a sleep that is cancelled throws") {
      let started = Gate()
      let task = Task {
        started.open()
        try await sleep(for: .seconds(1000))
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
    },
    Behaviour("a sleep in a task that is cancelled throws at once") {
      let task = Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        try await expectCancellation { try await sleep(for: .seconds(1000)) }
        try await expectCancellation { try await sleep(for: .zero) }
        try await expectCancellation { try await checkpoint() }
      }
      try await task.value
    },
    Behaviour("who gives way again and again lets others run") {
      let done = Notes<Void>()
      let other = Task { done.note(()) }
      while done.count == 0 { try await checkpoint() }
      await other.value
    },
  ]
}
