import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let isolation = [
    Behaviour("code of an actor is on its actor after each kind of wait") {
      let counter = Counter()
      let gates = (0..<8).map { _ in Gate() }
      let tasks = gates.map { gate in Task { try await counter.count(through: gate) } }
      // Opened by code that is isolated to nothing, which must not run the actor's code itself.
      for gate in gates {
        try await checkpoint()
        gate.open()
      }
      for task in tasks { try await task.value }
      try await expect(counter.count == 8 * Counter.rounds)
    },
    Behaviour("code of the main actor is on it after each kind of wait") {
      let gate = Gate()
      let task = Task { @MainActor in
        try await waitInEachWay(at: gate)
        MainActor.assertIsolated()
        try await withTimeout(.seconds(1000)) { try await waitInEachWay(at: gate) }
        MainActor.assertIsolated()
      }
      try await checkpoint()
      gate.open()
      try await task.value
    },
    Behaviour("code that an actor calls and that leaves it comes back to it") {
      let counter = Counter()
      let gate = Gate()
      let task = Task { try await counter.leave(through: gate) }
      try await checkpoint()
      gate.open()
      try await task.value
    },
    Behaviour("a task that is started in the middle of another may wait") {
      let gate = Gate()
      let task = Task.immediate { @MainActor in
        let inner = Task.immediate { try await waitInEachWay(at: gate) }
        try await waitInEachWay(at: gate)
        MainActor.assertIsolated()
        try await inner.value
        MainActor.assertIsolated()
      }
      try await checkpoint()
      gate.open()
      try await task.value
    },
  ]
}

/// What runs on the actor of its caller, and suspends in it.
private func waitInEachWay(at gate: Gate) async throws {
  try await gate.pass()
  try await checkpoint()
  await giveWay()
  try await sleep(for: .nanoseconds(1))
}

@concurrent private func waitElsewhere(at gate: Gate) async throws { try await waitInEachWay(at: gate) }

/// An actor whose count is wrong if two tasks are ever in it at once.
private actor Counter {
  static let rounds = 20
  private(set) var count = 0

  func count(through gate: Gate) async throws {
    for _ in 0..<Self.rounds {
      try await waitInEachWay(at: gate)
      assertIsolated()
      count += 1
    }
  }

  func leave(through gate: Gate) async throws {
    try await waitElsewhere(at: gate)
    assertIsolated()
    try await waitInEachWay(at: gate)
    assertIsolated()
  }
}
