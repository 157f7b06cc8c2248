// The bodies of scopes, deadlines and shields are ordinary closures too: they run where their caller runs.

import AsyncIO

final class Counter { var count = 0 }

func uses(_ counter: Counter) async throws -> Int {
  var steps = 0
  try await withTaskScope { scope in
    counter.count += 1
    steps += try await scope.createTask { 1 }.value
  }
  try await withCancelScope { scope in
    counter.count += 1
    scope.cancel()
  }
  try await withDeadline(LoopClock.now.advanced(by: .seconds(1))) { steps += 1 }
  try await withShield { counter.count += 1 }
  return steps + counter.count
}

actor Owner {
  private var steps = 0

  func work() async throws {
    try await withTaskScope { scope in
      steps += try await scope.createTask { 1 }.value
    }
    try await withSupervisorScope { _ in steps += 1 }
  }
}

func leavesResultsUnused() async throws {
  try await withTaskScope { scope in
    scope.createTask { try await sleep(for: .milliseconds(1)) }
  }
}
