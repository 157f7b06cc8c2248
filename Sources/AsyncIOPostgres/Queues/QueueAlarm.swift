// What wakes those who wait for a change that the server tells by a notification: one task listens for all of them in the process.
//
// The task is started by the first that waits, and ends with the object. While it cannot listen (the server is being restarted) who waits is woken by time alone.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

final class QueueAlarm: Sendable {
  private enum Listening {
    /// Nobody has waited yet → by
    case no
    case by(TaskHandle<Void>)
    /// It is not wanted any more.
    case ended
  }

  private struct State {
    /// Set by the next notification.
    var event = AsyncEvent()
    var listening = Listening.no
  }

  let pollInterval: Duration
  private let pool: PostgresPool
  private let channel: String
  private let state = Mutex(State())

  init(_ pool: PostgresPool, channel: String, pollInterval: Duration) {
    self.pool = pool
    self.channel = channel
    self.pollInterval = pollInterval
  }

  /// What is set by the next notification; to be taken before one looks whether there is anything to wait for.
  func next() -> AsyncEvent { state.withLock { $0.event } }

  /// Waits for a notification, or until it is time to look again.
  func wait(for event: AsyncEvent) async throws {
    startListening()
    try await withTimeoutOrNil(pollInterval) { try await event.wait() }
  }

  func end() {
    let former = state.withLock { state in
      defer { state.listening = .ended }
      return state.listening
    }
    if case .by(let task) = former { task.cancel(reason: "nobody waits any more") }
  }

  private func startListening() {
    state.withLock { state in
      guard case .no = state.listening else { return }
      // The task does not begin before the lock is released.
      state.listening = .by(
        createTask(name: "listener for \(channel)") { [weak self] in await Self.listen { self } })
    }
  }

  private func ring() {
    let event = state.withLock { state in
      defer { state.event = AsyncEvent() }
      return state.event
    }
    event.set()
  }

  /// Listens as long as the object is there.
  private static func listen(_ alarm: @escaping @Sendable () -> QueueAlarm?) async {
    while !Task.isCancelled,
      let (pool, channel, pause) = alarm().map({ ($0.pool, $0.channel, $0.pollInterval) })
    {
      do {
        // Not one of the pool's, which could not be closed then.
        let connection = try await pool.connect()
        for try await _ in connection.notifications(channel, onListening: { alarm()?.ring() }) {
          alarm()?.ring()
        }
      } catch {
        // Whoever waits looks by itself, and finds what is wrong.
        try? await sleep(for: pause)
      }
    }
  }
}
