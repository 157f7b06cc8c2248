// An attempt to connect, as a task of its own: a request that waits may be given a connection that comes back earlier, or
// give up while a name is still being resolved.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import Synchronization

/// An attempt to connect took longer than it may.
struct HTTPConnectTimedOut: Error {
  let limit: Duration
  /// How far it had come.
  let times: HTTPDial.Times
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

  /// What an attempt brings.
  struct Connected: Sendable {
    let transport: HTTPTransport
    /// The proxy that gets whole URLs, if there is one.
    let forwarder: HTTPProxy?
  }

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

  /// When its steps were done, and what it is doing.
  var times: Times { noted.withLock { $0 } }

  /// Starts the attempt, which reports to `pool` exactly once.
  func start(for pool: HTTPConnectionPool) {
    let task = EventLoop.makeChild { [self] in
      let outcome: Result<Connected, any Error>
      do {
        outcome = .success(try await connect(pool))
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

  private func connect(_ pool: HTTPConnectionPool) async throws -> Connected {
    guard let limit = pool.connectTimeout else { return try await connectWithoutLimit(pool) }
    do {
      return try await withTimeout(limit) { try await self.connectWithoutLimit(pool) }
    } catch is TimeoutError {
      throw HTTPConnectTimedOut(limit: limit, times: times)
    }
  }

  private func connectWithoutLimit(_ pool: HTTPConnectionPool) async throws -> Connected {
    let origin = connections.origin
    let socket: SocketStream
    var forwarder: HTTPProxy?
    switch pool.routes.route(to: origin) {
    case .direct: socket = try await connect(origin.host, port: origin.port, pool)
    case .unixSocket(let address): socket = try await UnixStream.connect(to: address)
    case .proxy(let proxy):
      let stream = try await reach(proxy, pool)
      if pool.routes.forwards(origin, proxy) {
        forwarder = proxy
      } else {
        try await proxy.tunnel(to: origin, over: stream)
      }
      socket = stream
    case .none(let error): throw error
    }
    noted.withLock { $0.connected = .now }
    guard origin.scheme == .https else {
      let speaksHTTP2 = pool.routes.http2 == .priorKnowledge && forwarder == nil
      let transport = speaksHTTP2 ? try pool.share(socket) : .plain(socket)
      return Connected(transport: transport, forwarder: forwarder)
    }
    noted.withLock { $0.phase = .secure }
    let stream = try await secure(socket, pool.routes)
    noted.withLock { $0.secured = .now }
    let speaksHTTP2 = stream.negotiatedProtocol == HTTPRoutes.http2Name
    return Connected(transport: speaksHTTP2 ? try pool.share(stream) : .secure(stream), forwarder: nil)
  }

  /// Connects to a proxy.
  private func reach(_ proxy: HTTPProxy, _ pool: HTTPConnectionPool) async throws -> TCPStream {
    do {
      return try await connect(proxy.host, port: proxy.port, pool)
    } catch let error as IOError {
      throw HTTPProxyError("\(proxy) cannot be reached: \(error)", underlying: error)
    }
  }

  /// Connects over TCP.
  private func connect(_ host: String, port: Int, _ pool: HTTPConnectionPool) async throws -> TCPStream {
    if let address = try? SocketAddress(ip: host, port: port) {
      return try await TCPStream.connect(to: address)
    }
    noted.withLock { $0.phase = .resolve }
    let addresses = try await pool.resolve(host, port: port, for: connections)
    noted.withLock { times in
      times.phase = .connect
      times.resolved = .now
    }
    return try await TCPStream.connect(toAnyOf: addresses, of: "\(host):\(port)")
  }

  /// Begins TLS; the socket is closed if that fails.
  private func secure(_ socket: SocketStream, _ routes: HTTPRoutes) async throws -> TLSStream<SocketStream> {
    let stream = try await TLSStream<SocketStream>.client(
      over: socket, serverName: connections.origin.host, context: try routes.tlsContext())
    if let chosen = stream.negotiatedProtocol, chosen != "http/1.0",
      !HTTPRoutes.protocolNames(routes.http2).contains(chosen)
    {
      stream.abort()
      throw TLSError(
        .handshakeFailed,
        "the server has chosen to speak \(chosen); leave it out of the context's applicationProtocols")
    }
    return stream
  }
}
