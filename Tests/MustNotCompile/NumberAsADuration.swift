import AsyncIO

func program() async throws {
  #if MISTAKE
    // error: cannot convert value of type 'Int' to expected argument type 'Duration'
    try await sleep(for: 5)
  #else
    try await sleep(for: .seconds(5))
  #endif
}
