import AsyncIO

/// A million values of a generator that never waits, and whose consumer does not either.
func iterateGenerator() async throws {
  let count = sized(1_000_000)
  let numbers = AsyncGenerator<Int> { yield in
    for number in 0..<count { try await yield(number) }
  }
  var total = 0
  let start = ContinuousClock.now
  for try await number in numbers { total += number }
  report(.generator, count: count, since: start)
  precondition(total == count * (count - 1) / 2, "generator lost a value.")
}

/// The same values, given to a closure.
func iterateByForEach() async throws {
  let count = sized(1_000_000)
  let numbers = AsyncGenerator<Int> { yield in
    for number in 0..<count { try await yield(number) }
  }
  var total = 0
  let start = ContinuousClock.now
  try await numbers.forEach { total += $0 }
  report(.generatorForEach, count: count, since: start)
  precondition(total == count * (count - 1) / 2, "generator lost a value.")
}
