import AsyncIORuntime

/// An error that a test throws and knows again.
struct TestFailure: Error, Equatable {
  let number: Int

  init(_ number: Int = 0) { self.number = number }
}

/// Sleeps whatever becomes of the current task, as cleanup does.
func sleepUncancelled(for duration: Duration) async {
  await Task { try? await sleep(for: duration) }.value
}

/// Sleeps until it is cancelled, takes a second to clean up, and calls `cleaned`.
func sleepAndCleanUp(_ cleaned: () -> Void) async throws {
  do {
    try await sleep(for: .seconds(1000))
  } catch {
    await sleepUncancelled(for: .seconds(1))
    cleaned()
    throw error
  }
}

/// A value that must go away.
final class Token: Sendable {}
