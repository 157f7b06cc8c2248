import AsyncIORuntime
import Synchronization

/// What has happened, noted by any tasks and threads.
final class Notes<Entry: Sendable>: Sendable {
  private let list = Mutex<[Entry]>([])

  func note(_ entry: Entry) { list.withLock { $0.append(entry) } }

  var entries: [Entry] { list.withLock { $0 } }
  var count: Int { list.withLock { $0.count } }
}

/// Counts those who are inside of something at the same time.
final class Level: Sendable {
  private let state = Mutex((current: 0, peak: 0, total: 0))

  var current: Int { state.withLock { $0.current } }
  var peak: Int { state.withLock { $0.peak } }
  var total: Int { state.withLock { $0.total } }

  func enter() {
    state.withLock { state in
      state.current += 1
      state.total += 1
      state.peak = max(state.peak, state.current)
    }
  }

  func leave() { state.withLock { $0.current -= 1 } }

  /// Calls `body` inside.
  func inside<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    enter()
    defer { leave() }
    return try await body()
  }
}

/// An error that a behaviour throws and knows again.
struct Failure: Error, Equatable {
  let number: Int

  init(_ number: Int = 0) { self.number = number }
}

/// Waits until it is cancelled, gives way as cleanup does, and calls `cleaned`.
func waitAndCleanUp(started: Gate? = nil, _ cleaned: () -> Void) async throws {
  started?.open()
  do {
    try await sleep(for: .seconds(1000))
  } catch {
    await Task { try? await sleep(for: .milliseconds(1)) }.value
    cleaned()
    throw error
  }
}
