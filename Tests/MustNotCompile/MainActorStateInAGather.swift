import AsyncIO

@MainActor final class Window { var title = "" }

@MainActor func program(_ window: Window) async throws {
  #if MISTAKE
    // error: main actor-isolated property 'title' can not be mutated
    _ = try await gather(["a", "b"]) { window.title = $0 }
  #else
    for title in try await gather(["a", "b"], { $0 }) { window.title = title }
  #endif
}
