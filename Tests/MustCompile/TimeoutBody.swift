// The body of a timeout is an ordinary closure: it is not `@Sendable`, runs where its caller runs, and uses what that uses.

import AsyncIO

final class Counter { var count = 0 }

func changesVariables() async throws -> Int {
  var steps = 0
  let counter = Counter()
  try await withTimeout(.seconds(1)) {
    steps += 1
    try await sleep(for: .milliseconds(1))
    steps += 1
    counter.count += 1
  }
  return steps + counter.count
}

func returnsWhatIsNotSendable() async throws -> Counter {
  try await withTimeout(.seconds(1)) { Counter() }
}

actor Owner {
  private var steps = 0

  func work() async throws {
    try await withTimeout(.seconds(1)) {
      steps += 1
      try await sleep(for: .milliseconds(1))
      steps += 1
    }
  }
}

@MainActor final class Window {
  var title = ""

  func load() async throws {
    try await withTimeout(.seconds(1)) {
      title = "loading"
      try await sleep(for: .milliseconds(1))
      title = "there"
    }
  }
}
