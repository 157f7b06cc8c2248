import AsyncIO

final class Counter { var count = 0 }

func program() throws {
  #if MISTAKE
    let counter = Counter()
    // error: capture of 'counter' with non-Sendable type 'Counter'
    try EventLoop.run { counter.count += 1 }
  #else
    try EventLoop.run {
      let counter = Counter()
      counter.count += 1
    }
  #endif
}
