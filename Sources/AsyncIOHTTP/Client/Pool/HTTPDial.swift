// An attempt to connect, as a task of its own: a request that waits may be given a connection that comes back earlier, or
// give up while a name is still being resolved.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// An attempt to connect took longer than it may.
struct HTTPConnectTimedOut: Error {
  let limit: Duration
}

/// An attempt to connect to an origin.
final class HTTPDial: Sendable {
  private enum State {
    /// Not started, or started and not told. Goes to `running`, `cancelled`.
    case new
    /// Goes to `cancelled`.
    case running(Task<Void, any Error>)
    /// Cancelled, perhaps before it was started.
    case cancelled
  }

  let connections: HTTPOriginConnections
  /// Who gets the connection, if not whoever waits longest.
  let recipient: HTTPPoolWaiter?
  private let state = Mutex(State.new)
  private let noted = Mutex(Times())

  /// When the steps of an attempt were done.
  struct Times: Sendable {
    var start = LoopClock.now
    /// When the host was looked up; nil where it is an address.
    var resolved: LoopClock.Instant?
    var connected: LoopClock.Instant?
    var secured: LoopClock.Instant?
    var phase = HTTPPhase.connect
  }

  init(to connections: HTTPOriginConnections, for recipient: HTTPPoolWaiter? = nil) {
    self.connections = connections
    self.recipient = recipient
  }

  /// What the attempt is doing.
  var phase: HTTPPhase { times.phase }

  /// When its steps were done.
  var times: Times { noted.withLock { $0 } }

  /// Starts the attempt, which reports to `pool` exactly once.
  func start(for pool: HTTPConnectionPool) {
    let task = EventLoop.makeChild { [self] in
      let outcome: Result<TCPStream, any Error>
      do {
        outcome = .success(try await connect(pool))
        noted.withLock { $0.connected = .now }
      } catch {
        outcome = .failure(error)
      }
      pool.ended(self, outcome)
    }
    let isCancelled = state.withLock { state in
      if case .cancelled = state { return true }
      state = .running(task)
      return false
    }
    if isCancelled { task.cancel() }
  }

  /// Ends the attempt early.
  func cancel() {
    let task = state.withLock { state in
      defer { state = .cancelled }
      if case .running(let task) = state { return Optional(task) }
      return nil
    }
    task?.cancel()
  }

  private func connect(_ pool: HTTPConnectionPool) async throws -> TCPStream {
    guard let limit = pool.connectTimeout else { return try await connectWithoutLimit(pool) }
    do {
      return try await withTimeout(limit) { try await self.connectWithoutLimit(pool) }
    } catch is TimeoutError {
      throw HTTPConnectTimedOut(limit: limit)
    }
  }

  private func connectWithoutLimit(_ pool: HTTPConnectionPool) async throws -> TCPStream {
    let origin = connections.origin
    if let address = try? SocketAddress(ip: origin.host, port: origin.port) {
      return try await TCPStream.connect(to: address)
    }
    noted.withLock { $0.phase = .resolve }
    let addresses = try await pool.resolve(for: connections)
    noted.withLock { times in
      times.phase = .connect
      times.resolved = .now
    }
    var failures: [IOError] = []
    for address in addresses {
      do {
        return try await TCPStream.connect(to: address)
      } catch let error as IOError {
        failures.append(error)
      }
    }
    if failures.count == 1, let only = failures.first { throw only }
    throw IOError(
      .system, operation: "connect",
      detail: "\(origin.host): " + failures.map(\.description).joined(separator: "; "))
  }
}
