import AsyncIO

/// A million times a timeout around an operation that is ready at once.
func boundReadyOperations() async throws {
  let count = sized(1_000_000)
  var total = 0
  let start = ContinuousClock.now
  for index in 0..<count {
    total += try await withTimeout(.seconds(10)) { try await ready(index) }
  }
  report(.timeout, count: count, since: start)
  precondition(total == count * (count - 1) / 2, "timeout lost a result.")
}

/// What is waited for: an operation that need not wait, which the compiler does not see.
@inline(never)
func ready(_ index: Int) async throws -> Int { index }
