// The connections that a server has open: one task each, counted against a limit.
//
// All state is under one mutex; tasks are started, cancelled and woken outside of it. A task removes itself as the last thing
// it does; whoever waits (for room, or for the end) leaves a waiter, and each removal wakes all of them to look again: they are the
// task that serves, and perhaps one that shuts down. A waiter that was cancelled is taken out by the next removal.

import AsyncIORuntime
import Synchronization

/// The tasks that serve connections.
final class Connections<Stream: ByteStream>: Sendable {
  private struct Entry {
    let stream: Stream
    /// Nil until it was started.
    var task: Task<Void, Never>?
    /// Where the task waits; nobody else than the server can cancel it.
    let place = WaitingPlace()

    func cancel() {
      guard let task else { return }
      task.cancel()
      place.tell()
    }
  }

  private enum Phase { case serving, cancelled, aborted }

  private struct State {
    var entries: [Int: Entry] = [:]
    var next = 0
    var waiters: [Waiter] = []
    var phase = Phase.serving
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    precondition(limit > 0, "a server's limit of connections is at least 1, not \(limit)")
    self.limit = limit
  }

  /// Starts a task on `loop` that serves `stream`.
  func start(
    _ stream: Stream, on loop: EventLoop, _ handler: @escaping @Sendable (Stream) async throws -> Void
  ) {
    let (id, place) = state.withLock { state in
      let entry = Entry(stream: stream)
      state.next += 1
      state.entries[state.next] = entry
      return (state.next, entry.place)
    }
    let task = loop.makeTask(name: "connection") { [self] in
      place.bindPlace()
      do {
        try await handler(stream)
      } catch is CancellationError {
        // The server ends.
      } catch let error as IOError where error.isDisconnection {
        // Clients come and go.
      } catch {
        EventLoop.reportUnhandled(error, source: "the handler of \(stream)")
      }
      await stream.close()
      place.unbindPlace()
      remove(id)
    }
    let (phase, entry) = state.withLock { state in
      if state.entries[id] != nil { state.entries[id]?.task = task }
      return (state.phase, state.entries[id])
    }
    if phase != .serving { entry?.cancel() }
    if phase == .aborted { stream.abort() }
  }

  /// Whether there are fewer connections than the limit.
  var hasRoom: Bool { state.withLock { $0.entries.count } < limit }

  /// Waits until there are fewer connections than the limit.
  func waitForRoom() async throws {
    try await wait("room for a connection") { $0 < limit }
  }

  /// Waits until the last connection has ended by itself.
  func waitForEnd() async throws {
    try await wait("connections to end") { $0 == 0 }
  }

  /// Cancels the tasks, also those that are started later.
  func cancel() {
    let entries = state.withLock { state in
      if state.phase == .serving { state.phase = .cancelled }
      return Array(state.entries.values)
    }
    for entry in entries { entry.cancel() }
  }

  /// Aborts the streams, also those that come later.
  func abort() {
    let streams = state.withLock { state in
      state.phase = .aborted
      return state.entries.values.map(\.stream)
    }
    for stream in streams { stream.abort() }
  }

  /// Cancels the tasks and waits until the last has ended.
  func end() async {
    cancel()
    while let waiter = leaveWaiter(unless: { $0 == 0 }) {
      // Cancelled or not: the handlers use what the caller has lent them.
      await waiter.waitUncancelled(for: "connections to end")
    }
  }

  private func wait(_ subject: StaticString, until isSatisfied: (Int) -> Bool) async throws {
    while let waiter = leaveWaiter(unless: isSatisfied) {
      guard await waiter.wait(for: subject) != .cancelled else { throw CancellationError() }
    }
  }

  private func leaveWaiter(unless isSatisfied: (Int) -> Bool) -> Waiter? {
    state.withLock { state in
      if isSatisfied(state.entries.count) { return nil }
      let waiter = Waiter()
      state.waiters.append(waiter)
      return waiter
    }
  }

  private func remove(_ id: Int) {
    let (entry, waiters) = state.withLock { state in
      let entry = state.entries.removeValue(forKey: id)
      defer { state.waiters = [] }
      return (entry, state.waiters)
    }
    for waiter in waiters { waiter.finish(.woken) }
    // The last reference to a stream may go with it: outside of the lock.
    withExtendedLifetime(entry) {}
  }
}
