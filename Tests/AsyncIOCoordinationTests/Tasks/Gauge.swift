import Synchronization

/// Counts those who are inside of something at the same time.
final class Gauge: Sendable {
  private struct Level {
    var current = 0
    var peak = 0
    var total = 0
  }

  private let level = Mutex(Level())

  /// How many are inside now.
  var current: Int { level.withLock { $0.current } }
  /// How many were inside at once, at most.
  var peak: Int { level.withLock { $0.peak } }
  /// How many have entered.
  var total: Int { level.withLock { $0.total } }

  func enter() {
    level.withLock { level in
      level.current += 1
      level.total += 1
      level.peak = max(level.peak, level.current)
    }
  }

  func leave() { level.withLock { $0.current -= 1 } }

  /// Calls `body` inside.
  func inside<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    enter()
    defer { leave() }
    return try await body()
  }
}
