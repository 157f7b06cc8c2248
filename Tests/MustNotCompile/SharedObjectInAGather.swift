import AsyncIO

final class Counter { var count = 0 }
actor Tally { var count = 0 }

func program() async throws {
  #if MISTAKE
    let counter = Counter()
    // error: capture of 'counter' with non-Sendable type 'Counter'
    _ = try await gather(0..<3) { _ in print(counter.count) }
  #else
    let counter = Tally()
    _ = try await gather(0..<3) { _ in print(await counter.count) }
  #endif
}
