import AsyncIO

func program() async throws {
  #if MISTAKE
    try await withBlocking { try await sleep(for: .seconds(1)) }  // error: cannot pass function of type
  #else
    try await sleep(for: .seconds(1))
  #endif
}
