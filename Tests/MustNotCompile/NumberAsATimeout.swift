import AsyncIO

func program() async throws {
  #if MISTAKE
    // error: cannot convert value of type 'Double' to expected argument type 'Duration'
    try await withTimeout(0.5) { print("work") }
  #else
    try await withTimeout(.milliseconds(500)) { print("work") }
  #endif
}
