import AsyncIO

func program() async throws {
  #if MISTAKE
    _ = try gather([1, 2]) { $0 }  // error: expression is 'async' but is not marked with 'await'
  #else
    _ = try await gather([1, 2]) { $0 }
  #endif
}
