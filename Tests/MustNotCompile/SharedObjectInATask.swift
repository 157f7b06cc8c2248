import AsyncIO

final class Counter { var count = 0 }
actor Tally { var count = 0 }

func program() async throws {
  #if MISTAKE
    let counter = Counter()
    createTask { print(counter.count) }  // error: capture of 'counter' with non-Sendable type 'Counter'
  #else
    let counter = Tally()
    createTask { print(await counter.count) }
  #endif
}
