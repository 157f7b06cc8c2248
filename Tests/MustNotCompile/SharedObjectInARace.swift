import AsyncIO

final class Counter { var count = 0 }
actor Tally { var count = 0 }

func program() async throws {
  #if MISTAKE
    let counter = Counter()
    // error: capture of 'counter' with non-Sendable type 'Counter'
    print(try await race({ counter.count }, { 0 }))
  #else
    let counter = Tally()
    print(try await race({ await counter.count }, { 0 }))
  #endif
}
