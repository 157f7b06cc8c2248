import AsyncIO

final class Counter { var count = 0 }

func program() async throws {
  let counter = Counter()
  try await withTaskScope { scope in
    #if MISTAKE
      // error: capture of 'counter' with non-Sendable type 'Counter'
      scope.createTask { counter.count += 1 }
    #else
      counter.count += try await scope.createTask { 1 }.value
    #endif
  }
}
