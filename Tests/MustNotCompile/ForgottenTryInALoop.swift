import AsyncIO

func program() async throws {
  #if MISTAKE
    // error: call can throw, but the error is not handled
    for await number in asCompleted([1, 2], { $0 }) { print(number) }
  #else
    for try await number in asCompleted([1, 2], { $0 }) { print(number) }
  #endif
}
