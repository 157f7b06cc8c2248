import AsyncIO

func program() async throws {
  var iterator = asCompleted(1...3, { $0 }).makeAsyncIterator()
  #if MISTAKE
    // error: mutation of captured var 'iterator' in concurrently-executing code
    createTask { print(try await iterator.next() ?? 0) }
  #endif
  print(try await iterator.next() ?? 0)
}
