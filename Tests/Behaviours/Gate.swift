import AsyncIORuntime
import Synchronization

/// Holds up whoever comes until it is opened.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [Waiter] = []
  }

  private let state = Mutex(State())

  /// Lets all pass, from now on.
  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.finish(.woken) }
  }

  /// Waits until the gate is open.
  ///
  /// ## Cancellation
  /// Ends the wait.
  func pass() async throws {
    let waiter = Waiter()
    guard isClosed(for: waiter) else { return }
    guard await waiter.wait(for: "a gate") == .woken else { throw CancellationError() }
  }

  /// Waits until the gate is open, whatever becomes of the waiting task.
  func passUncancelled() async {
    let waiter = Waiter()
    if isClosed(for: waiter) { await waiter.waitUncancelled(for: "a gate") }
  }

  private func isClosed(for waiter: Waiter) -> Bool {
    state.withLock { state in
      if !state.isOpen { state.waiters.append(waiter) }
      return !state.isOpen
    }
  }
}
