import AsyncIO

func program() async throws {
  #if MISTAKE
    await sleep(for: .seconds(1))  // error: call can throw but is not marked with 'try'
  #else
    try await sleep(for: .seconds(1))
  #endif
}
