// One look-up of a name for all who want to connect to it at that moment: a hundred requests at once do not ask a hundred
// times. It goes on when those who wait for it give up, as the system's resolver cannot be interrupted.

import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// A look-up of an origin's addresses.
final class HTTPResolution: Sendable {
  private struct State {
    var result: Result<[SocketAddress], any Error>?
    var waiters: [Waiter] = []
  }

  private let state = Mutex(State())

  /// Starts the look-up; `onEnd` is called once, before those who wait go on.
  func start(_ host: String, port: Int, onEnd: @escaping @Sendable () -> Void) {
    _ = EventLoop.makeChild { [self] in
      let result: Result<[SocketAddress], any Error>
      do {
        result = .success(try await resolve(host, port: port))
      } catch {
        result = .failure(error)
      }
      onEnd()
      finish(result)
    }
  }

  private func finish(_ result: Result<[SocketAddress], any Error>) {
    let waiters = state.withLock { state in
      state.result = result
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.finish(.woken) }
  }

  /// Waits for the addresses.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  func addresses() async throws -> [SocketAddress] {
    let waiter = Waiter()
    let known = state.withLock { state in
      if state.result == nil { state.waiters.append(waiter) }
      return state.result
    }
    if let known { return try known.get() }
    guard await waiter.wait(for: "the address of a host") == .woken,
      let result = state.withLock({ $0.result })
    else {
      throw CancellationError()
    }
    return try result.get()
  }
}
