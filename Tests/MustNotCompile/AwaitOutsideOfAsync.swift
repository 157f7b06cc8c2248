import AsyncIO

#if MISTAKE
  func program() throws {
    // error: 'async' call in a function that does not support concurrency
    try await sleep(for: .seconds(1))
  }
#else
  func program() async throws {
    try await sleep(for: .seconds(1))
  }
#endif
