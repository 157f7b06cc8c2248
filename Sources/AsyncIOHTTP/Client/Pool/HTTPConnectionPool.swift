// The connections of a session.
//
// Who owns a connection: the pool while it is idle; a request while it is leased, from `acquire` until that request calls
// exactly one of `release`, `discard` and `replace`; in between, on its way to a request that waits, whoever hands it over.
// Every path of a request through an await ends in one of the three, as a cancelled or late request throws out of that
// await. So no connection is lost, and `leased` knows those that are under way.
//
// How connections change hands: under the lock it is decided who gets one, and the result is stored with the waiter; after
// the lock the waiter is finished as woken. If that is refused, because the waiter was cancelled or too late at the same
// instant, the one who hands over keeps the connection and offers it to the next. So a connection is never given to
// nobody, and never to two. Where somebody waits nothing is idle, so that nobody overtakes the queue.
//
// Attempts to connect are tasks of their own. One is started for each who waits, as far as the limit allows; what it
// brings goes to whoever waits longest, and so does its failure. One that nobody waits for any more is cancelled. A request
// that found its kept connection dead keeps its place among the connections and gets an attempt for itself alone.
//
// Everything that closes, resumes or starts something happens after the lock was released.

import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// The pool was closed before or while a connection was waited for.
struct HTTPPoolClosed: Error {}

/// Connections by host and port, with a limit for each, and queues of requests that wait for one.
///
/// - Complexity: leasing, handing over and giving back are O(1) in connections and in requests that wait.
final class HTTPConnectionPool: Sendable {
  struct State {
    var origins: [HTTPOrigin: HTTPOriginConnections] = [:]
    /// The origin of the last request: most ask the same one again.
    var recent: HTTPOriginConnections?
    var isClosed = false
    var closers: [Waiter] = []
  }

  let limit: Int
  let limits: HTTPLimits
  private let idleTimeout: Duration
  let state = Mutex(State())

  init(limit: Int, idleTimeout: Duration, limits: HTTPLimits) {
    precondition(limit > 0, "A session needs at least 1 connection for each host, not \(limit).")
    self.limit = limit
    self.limits = limits
    self.idleTimeout = idleTimeout
  }

  /// Whether the pool was closed.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  // MARK: Getting a connection

  private enum Lease {
    case kept(HTTPConnection)
    case queued(HTTPPoolWaiter, HTTPDial?)
  }

  /// Leases a kept connection to the server of `url`, if there is one.
  func acquireKept(_ url: HTTPURL, until deadline: LoopClock.Instant) -> HTTPConnection? {
    while true {
      let kept: HTTPConnection? = state.withLock { state in
        if state.isClosed { return nil }
        let connections = state.connections(to: url)
        guard let connection = connections.idle.popLast() else { return nil }
        connection.place = .leased
        connections.leased.append(connection)
        return connection
      }
      guard let kept else { return nil }
      if kept.begin(until: deadline) { return kept }
      discard(kept)
    }
  }

  /// Leases a connection to the server of `url`, and waits for one if need be.
  ///
  /// - Throws: `HTTPTimedOut`, `HTTPPoolClosed`, `CancellationError`, or `IOError` when none can be made.
  func acquire(_ url: HTTPURL, until deadline: LoopClock.Instant) async throws -> HTTPConnection {
    while true {
      let connection: HTTPConnection
      switch try lease(url) {
      case .kept(let kept): connection = kept
      case .queued(let waiter, let dial):
        dial?.start(for: self)
        connection = try await wait(waiter, until: deadline)
      }
      if connection.begin(until: deadline) { return connection }
      discard(connection)
    }
  }

  private func lease(_ url: HTTPURL) throws(HTTPPoolClosed) -> Lease {
    try state.withLock { state throws(HTTPPoolClosed) in
      if state.isClosed { throw HTTPPoolClosed() }
      let connections = state.connections(to: url)
      if let connection = connections.idle.popLast() {
        connection.place = .leased
        connections.leased.append(connection)
        return .kept(connection)
      }
      let waiter = HTTPPoolWaiter(connections)
      connections.waiters.append(waiter)
      waiter.isQueued = true
      waiter.dial = connections.dialIfNeeded(limit: limit)
      return .queued(waiter, waiter.dial)
    }
  }

  /// Leases a new connection in the place of one that turned out to be dead.
  ///
  /// - Throws: as `acquire`; the place is free again then.
  func replace(_ connection: HTTPConnection, until deadline: LoopClock.Instant) async throws -> HTTPConnection
  {
    connection.close()
    let waiter = HTTPPoolWaiter(connection.connections)
    let dial = HTTPDial(to: connection.connections, for: waiter)
    waiter.dial = dial
    let (isClosed, effects) = state.withLock { state in
      state.remove(connection)
      if state.isClosed { return (true, state.effects(on: connection.connections, limit: limit)) }
      connection.connections.add(dial)
      return (false, Effects())
    }
    perform(effects)
    if isClosed { throw HTTPPoolClosed() }
    dial.start(for: self)
    let fresh = try await wait(waiter, until: deadline)
    if fresh.begin(until: deadline) { return fresh }
    discard(fresh)
    throw HTTPTimedOut(phase: .connect)
  }

  private func wait(
    _ waiter: HTTPPoolWaiter, until deadline: LoopClock.Instant
  ) async throws -> HTTPConnection {
    let timer = EventLoop.orDefault.callAt(deadline) { waiter.waiter.finish(.closed) }
    let outcome = await waiter.waiter.wait(for: "an HTTP connection")
    timer.cancel()
    if outcome == .woken, let result = waiter.result { return try result.get() }
    let phase = waiter.dial?.phase ?? .pool
    leave(waiter)
    if outcome == .cancelled { throw CancellationError() }
    throw HTTPTimedOut(phase: phase)
  }

  /// Forgets a request that waits no longer, and ends the attempt to connect that was for it.
  private func leave(_ waiter: HTTPPoolWaiter) {
    let surplus: HTTPDial? = state.withLock { _ in
      let connections = waiter.connections
      if waiter.isQueued {
        connections.waiters.remove(waiter)
        waiter.isQueued = false
      }
      guard let dial = waiter.dial, connections.dials[ObjectIdentifier(dial)] != nil else { return nil }
      return dial.recipient != nil || connections.openDials > connections.waiters.count ? dial : nil
    }
    surplus?.cancel()
  }

  // MARK: Giving it back

  /// Gives a connection back that may serve another request.
  func release(_ connection: HTTPConnection) {
    guard connection.rest(until: LoopClock.now.advanced(by: idleTimeout)) else { return discard(connection) }
    give(connection, to: nil)
  }

  /// Gives a connection to `recipient`, or else to whoever waits longest, or else keeps it.
  private func give(_ connection: HTTPConnection, to recipient: HTTPPoolWaiter?) {
    var recipient = recipient
    while true {
      // Those refuse that have been cancelled or are too late: the next one gets it.
      let (waiter, mustClose): (HTTPPoolWaiter?, Bool) = state.withLock { state in
        if state.isClosed { return (nil, true) }
        let connections = connection.connections
        if let waiter = recipient ?? connections.popWaiter() {
          waiter.result = .success(connection)
          return (waiter, false)
        }
        connections.leased.remove(connection)
        connections.idle.append(connection)
        connection.place = .idle
        return (nil, false)
      }
      if mustClose { return discard(connection) }
      guard let waiter, !waiter.waiter.finish(.woken) else { return }
      waiter.result = nil
      recipient = nil
    }
  }

  /// Closes a leased connection, and lets somebody who waits have its place.
  func discard(_ connection: HTTPConnection) {
    connection.close()
    remove(connection)
  }

  /// Forgets a connection that was closed because nobody used it.
  func forgetIdle(_ connection: HTTPConnection) {
    connection.deadline.end()
    if state.withLock({ _ in connection.place == .idle }) { remove(connection) }
  }

  private func remove(_ connection: HTTPConnection) {
    perform(
      state.withLock { state in
        state.remove(connection)
        return state.effects(on: connection.connections, limit: limit)
      })
  }

  // MARK: Connecting

  /// Takes what an attempt to connect has brought.
  func ended(_ dial: HTTPDial, _ outcome: Result<TCPStream, any Error>) {
    switch outcome {
    case .success(let stream):
      let connection = HTTPConnection(stream, dial.connections, of: self)
      connection.rest(until: LoopClock.now.advanced(by: idleTimeout))
      state.withLock { _ in
        dial.connections.remove(dial)
        dial.connections.leased.append(connection)
      }
      give(connection, to: dial.recipient)
    case .failure(let error):
      let (waiter, effects) = state.withLock { state in
        dial.connections.remove(dial)
        var waiter = dial.recipient
        // A cancelled attempt is no news for anybody else.
        if waiter == nil, !(error is CancellationError) { waiter = dial.connections.popWaiter() }
        waiter?.result = .failure(error)
        return (waiter, state.effects(on: dial.connections, limit: limit))
      }
      waiter?.waiter.finish(.woken)
      perform(effects)
    }
  }

  /// The addresses of an origin, looked up once for all who ask at the same time.
  func resolve(for connections: HTTPOriginConnections) async throws -> [SocketAddress] {
    let new = HTTPResolution()
    let resolution = state.withLock { _ in
      let resolution = connections.resolution ?? new
      connections.resolution = resolution
      return resolution
    }
    if resolution === new {
      new.start(connections.origin) { [self] in state.withLock { _ in connections.resolution = nil } }
    }
    return try await resolution.addresses()
  }
}
