import AsyncIO

#if MISTAKE
  func program() async {
    try await withTimeout(.seconds(1)) { print("work") }  // error: errors thrown from here are not handled
  }
#else
  func program() async throws {
    try await withTimeout(.seconds(1)) { print("work") }
  }
#endif
