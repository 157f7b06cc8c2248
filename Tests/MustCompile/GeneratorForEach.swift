// The closure of `forEach` is an ordinary closure, whether it waits or not: it is not `@Sendable`, runs where its caller runs, and
// uses what that uses.

import AsyncIO

final class Counter { var count = 0 }

func store(_ number: Int) async throws { try await checkpoint() }

func note(_ number: Int) {}

func changesVariables(_ numbers: AsyncGenerator<Int>) async throws -> Int {
  var sum = 0
  let counter = Counter()
  try await numbers.forEach { sum += $0 }
  try await numbers.forEach { number in
    sum += number
    try await checkpoint()
    counter.count += number
  }
  return sum + counter.count
}

func takesFunctions(_ numbers: AsyncGenerator<Int>) async throws {
  try await numbers.forEach(store)
  try await numbers.forEach(note)
  try await numbers.forEach { _ in }
  try await numbers.forEach { print($0) }
  try await numbers.forEach { try await store($0) }
  try await numbers.forEach { number in if number > 3 { throw CancellationError() } }
}

func handsOn(_ numbers: AsyncGenerator<Int>, _ body: (Int) async throws -> Void) async throws {
  try await numbers.forEach(body)
}

func handsOn(_ numbers: AsyncGenerator<Int>, withoutWaiting body: (Int) throws -> Void) async throws {
  try await numbers.forEach(body)
}

func givesOn(_ numbers: AsyncGenerator<Int>) -> AsyncGenerator<Int> {
  AsyncGenerator { yield in try await numbers.forEach { try await yield($0 * 2) } }
}

actor Owner {
  private var sum = 0

  func add(_ numbers: AsyncGenerator<Int>) async throws {
    try await numbers.forEach { sum += $0 }
    try await numbers.forEach { number in
      try await checkpoint()
      sum += number
    }
  }
}

@MainActor final class Window {
  var title = ""

  func show(_ numbers: AsyncGenerator<Int>) async throws {
    try await numbers.forEach { title = "\($0)" }
    try await numbers.forEach { number in
      try await store(number)
      title = "\(number)"
    }
  }
}
