// The connections that a server has open: one task each, counted against a limit.
//
// All state is under one mutex; tasks are started, cancelled and woken outside of it. A task removes itself as the last thing
// it does; whoever waits (for room, or for the end) leaves one waiter, which the next removal wakes.

import AsyncIORuntime
import Synchronization

/// The tasks that serve connections.
final class Connections: Sendable {
  private struct State {
    var tasks: [Int: Task<Void, Never>?] = [:]
    var next = 0
    var waiter: Waiter?
    var isEnding = false
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    precondition(limit > 0, "a server's limit of connections is at least 1, not \(limit)")
    self.limit = limit
  }

  /// Starts a task that serves `stream`.
  func start(_ stream: TCPStream, _ handler: @escaping @Sendable (TCPStream) async throws -> Void) {
    let id = state.withLock { state in
      state.next += 1
      state.tasks[state.next] = .some(nil)
      return state.next
    }
    let task = EventLoop.orDefault.makeTask(name: "connection") { [self] in
      do {
        try await handler(stream)
      } catch is CancellationError {
        // The server ends.
      } catch let error as IOError where error.isDisconnection {
        // Clients come and go.
      } catch {
        EventLoop.reportUnhandled(error, source: "the handler of \(stream)")
      }
      stream.close()
      remove(id)
    }
    let isEnding = state.withLock { state in
      if state.tasks[id] != nil { state.tasks[id] = task }
      return state.isEnding
    }
    if isEnding { task.cancel() }
  }

  /// Waits until there are fewer connections than the limit.
  func waitForRoom() async throws {
    try await wait("room for a connection") { $0 < limit }
  }

  /// Waits until the last connection has ended by itself.
  func waitForEnd() async throws {
    try await wait("connections to end") { $0 == 0 }
  }

  /// Cancels the tasks and waits until the last has ended.
  func end() async {
    let tasks = state.withLock { state in
      state.isEnding = true
      return state.tasks.values.compactMap { $0 }
    }
    for task in tasks { task.cancel() }
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
      if isSatisfied(state.tasks.count) { return nil }
      let waiter = Waiter()
      state.waiter = waiter
      return waiter
    }
  }

  private func remove(_ id: Int) {
    let waiter = state.withLock { state in
      state.tasks[id] = nil
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.finish(.woken)
  }
}
