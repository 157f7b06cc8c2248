import AsyncIO

final class Counter { var count = 0 }

func program() async throws {
  #if MISTAKE
    // error: type 'Counter' does not conform to the 'Sendable' protocol
    _ = try await createTask { Counter() }.value
  #else
    _ = try await createTask { Counter().count }.value
  #endif
}
