import AsyncIO

final class Counter { var count = 0 }

func program() async throws {
  let counter = Counter()
  #if MISTAKE
    // error: capture of 'counter' with non-Sendable type 'Counter'
    try await shield { counter.count += 1 }
  #else
    // This one is awaited, whatever happens.
    try await withShield { counter.count += 1 }
  #endif
}
