import AsyncIO

/// Timers, a thousand at a time, set and cancelled in the order in which they were set.
func setAndCancelTimers(_ times: Int) {
  guard let loop = EventLoop.current else { preconditionFailure("not on a loop") }
  for _ in 0..<times / 1000 {
    let timers = (0..<1000).map { loop.callLater(.seconds(3600) + .microseconds(10 * $0)) {} }
    for timer in timers { timer.cancel() }
  }
}

/// A timeout around an operation that need not wait.
func boundReadyOperations(_ times: Int) async throws {
  var total = 0
  for _ in 0..<times { total += try await withTimeout(.seconds(3600)) { try await one() } }
  precondition(total == times, "a result was lost")
}

/// A timeout around an operation that gives way once.
func boundWaitingOperations(_ times: Int) async throws {
  for _ in 0..<times { try await withTimeout(.seconds(3600)) { try await checkpoint() } }
}

/// What need not wait, which the compiler does not see.
@inline(never)
private func one() async throws -> Int { 1 }
