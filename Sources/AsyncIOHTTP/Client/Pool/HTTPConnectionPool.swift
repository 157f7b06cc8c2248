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
// The limit for all: where it is reached, a connection that rests at another server is closed for whoever wants one, from the
// server that was left longest ago. If none rests, the server is noted among the starving ones, which get the next place that
// becomes free, in turn; and a connection that comes back is closed for them unless somebody has waited longer for it.
//
// Everything that closes, resumes or starts something happens after the lock was released.

import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// The pool was closed before or while a connection was waited for.
struct HTTPPoolClosed: Error {}

/// Connections by scheme, host and port, with a limit for each and one for all, and queues of requests that wait for one.
///
/// - Complexity: leasing, handing over and giving back are O(1) in connections, in hosts and in requests that wait.
final class HTTPConnectionPool: Sendable {
  struct State {
    var origins: [HTTPOrigin: HTTPOriginConnections] = [:]
    /// The origin of the last request: most ask the same one again.
    var recent: HTTPOriginConnections?
    /// How many connections and attempts there are in all.
    var count = 0
    /// Origins that may have idle connections, the one used longest ago first.
    var resting = LinkedList<HTTPOriginConnections>()
    /// Origins where somebody waits because of the limit for all, the longest first.
    var starving = LinkedList<HTTPOriginConnections>()
    /// Counts those who wait, so that it is known who waits longer.
    var nextOrder: UInt64 = 1
    var isClosed = false
    var closers: [Waiter] = []
  }

  let limits: Limits
  let idleTimeout: Duration
  private let maximumAge: Duration?
  private let timeouts: HTTPPhaseTimeouts
  let routes: HTTPRoutes
  /// What servers are told over HTTP/2.
  let http2Settings: HTTP2Settings
  let state = Mutex(State())

  init(_ configuration: HTTPSession.Configuration) {
    let (each, all) = (configuration.connectionsPerHost, configuration.connections)
    precondition(each > 0, "A session needs at least 1 connection for each host, not \(each).")
    precondition(all > 0, "A session needs at least 1 connection in all, not \(all).")
    limits = Limits(forEach: each, forAll: all)
    idleTimeout = configuration.idleTimeout
    maximumAge = configuration.maximumConnectionAge
    timeouts = configuration.phaseTimeouts
    routes = HTTPRoutes(configuration)
    var settings = HTTP2Settings()
    settings.maximumFieldListSize = configuration.limits.head
    http2Settings = settings
  }

  /// How long an attempt to connect may take.
  var connectTimeout: Duration? { timeouts.connect }

  /// Whether the pool was closed.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  // MARK: Getting a connection

  private enum Lease {
    case kept(HTTPConnection)
    case queued(HTTPPoolWaiter, Effects)
  }

  /// Leases a kept connection to the server of `url`, if there is one.
  func acquireKept(_ url: HTTPURL, until deadline: LoopClock.Instant) -> HTTPConnection? {
    while true {
      let kept: HTTPConnection? = state.withLock { state in
        if state.isClosed { return nil }
        return state.connections(to: url, routes).takeKept()
      }
      guard let kept else { return nil }
      if kept.begin(until: deadline) { return kept }
      discard(kept)
    }
  }

  /// Leases a connection to the server of `url`, and waits for one if need be.
  ///
  /// - Throws: `HTTPTimedOut`, `HTTPPoolClosed`, `CancellationError`, or `IOError` when none can be made.
  func acquire(_ url: HTTPURL, _ call: HTTPCall) async throws -> HTTPConnection {
    var timeline = HTTPTimeline()
    timeline.callStart = call.start
    timeline.start = .now
    while true {
      let connection: HTTPConnection
      switch try lease(url) {
      case .kept(let kept): connection = kept
      case .queued(let waiter, let effects):
        perform(effects)
        connection = try await wait(waiter, timeline, call)
        timeline.leased = .now
        timeline.dial = connection.isUsed ? nil : connection.timeline.dial
      }
      connection.timeline = timeline
      if connection.begin(until: call.deadline) { return connection }
      discard(connection)
    }
  }

  private func lease(_ url: HTTPURL) throws(HTTPPoolClosed) -> Lease {
    try state.withLock { state throws(HTTPPoolClosed) in
      if state.isClosed { throw HTTPPoolClosed() }
      let connections = state.connections(to: url, routes)
      if let connection = connections.takeKept() { return .kept(connection) }
      let waiter = HTTPPoolWaiter(connections, order: state.nextOrder)
      state.nextOrder += 1
      connections.waiters.append(waiter)
      waiter.isQueued = true
      let effects = state.serve(connections, limits)
      waiter.dial = effects.dial ?? connections.attemptForAll
      return .queued(waiter, effects)
    }
  }

  /// Leases a new connection to the server of `url` in the place of one that turned out to be dead.
  ///
  /// - Throws: as `acquire`; the place is free again then.
  func replace(
    _ connection: HTTPConnection, for url: HTTPURL, _ call: HTTPCall
  ) async throws -> HTTPConnection {
    if connection.carrier != nil {
      // The place goes to whoever waits longest, and the request to the end of the queue.
      discard(connection)
      let fresh = try await acquire(url, call)
      fresh.attempt = connection.attempt + 1
      return fresh
    }
    connection.close()
    var timeline = HTTPTimeline()
    timeline.callStart = call.start
    timeline.start = .now
    let waiter = HTTPPoolWaiter(connection.connections, order: 0)
    let dial = HTTPDial(to: connection.connections, for: waiter)
    waiter.dial = dial
    let (isClosed, effects) = state.withLock { state in
      state.remove(connection)
      if state.isClosed { return (true, state.effects(on: connection.connections, limits)) }
      state.add(dial)
      return (false, Effects())
    }
    perform(effects)
    if isClosed { throw HTTPPoolClosed() }
    dial.start(for: self)
    let fresh = try await wait(waiter, timeline, call)
    timeline.dial = fresh.timeline.dial
    timeline.leased = .now
    fresh.timeline = timeline
    if fresh.begin(until: call.deadline) { return fresh }
    discard(fresh)
    throw fresh.timedOut(call)
  }

  private func wait(
    _ waiter: HTTPPoolWaiter, _ timeline: HTTPTimeline, _ call: HTTPCall
  ) async throws -> HTTPConnection {
    var deadline = call.deadline
    var limit: Duration?
    // Where an attempt to connect is under way for this request, that has its own limit.
    if let own = timeouts.pool, waiter.dial == nil, timeline.start.advanced(by: own) < deadline {
      deadline = timeline.start.advanced(by: own)
      limit = own
    }
    let timer = EventLoop.orDefault.callAt(deadline) { waiter.waiter.finish(.closed) }
    let outcome = await waiter.waiter.wait(for: "an HTTP connection")
    timer.cancel()
    if outcome == .woken, let result = waiter.result {
      do { return try result.get() } catch let error as HTTPConnectTimedOut {
        throw timedOut(error.times, timeline, error.limit)
      }
    }
    leave(waiter)
    if outcome == .cancelled, !call.hasExpired { throw CancellationError() }
    throw timedOut(waiter.dial?.times, timeline, limit)
  }

  private func timedOut(
    _ dial: HTTPDial.Times?, _ timeline: HTTPTimeline, _ limit: Duration?
  ) -> HTTPTimedOut {
    var timeline = timeline
    timeline.dial = dial
    let phase = dial?.phase ?? .pool
    return HTTPTimedOut(phase: phase, timings: timeline.timings(endingIn: phase, at: .now), limit: limit)
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
    if let carrier = connection.carrier { return giveBack(connection, to: carrier) }
    let now = LoopClock.now
    let end = min(now.advanced(by: idleTimeout), connection.retirement)
    guard now < connection.retirement, connection.rest(until: end) else { return discard(connection) }
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
        // Somebody who waits for another server, and for longer, gets its place.
        state.yieldPlace(connections)
        let starving = state.starving.isEmpty ? nil : state.nextStarving(limits)?.waiters.first
        if recipient == nil, let starving, starving.order < connections.waiters.first?.order ?? .max {
          return (nil, true)
        }
        if let waiter = recipient ?? connections.popWaiter() {
          waiter.result = .success(connection)
          return (waiter, false)
        }
        connections.leased.remove(connection)
        connections.idle.append(connection)
        connection.place = .idle
        if connections.standing != .resting { state.rest(connections) }
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
    if let carrier = connection.carrier { return giveBack(connection, to: carrier) }
    connection.close()
    remove(connection)
  }

  /// Closes a connection if nobody uses it, and tells whether that is so.
  func closeIdle(_ connection: HTTPConnection) -> Bool {
    if connection.isShared {
      expire(connection)
      return true
    }
    // Whoever takes it at the same instant finds that its time is over, and closes it likewise.
    guard state.withLock({ _ in connection.place == .idle }) else { return false }
    discard(connection)
    return true
  }

  private func remove(_ connection: HTTPConnection) {
    perform(
      state.withLock { state in
        state.remove(connection)
        return state.effects(on: connection.connections, limits)
      })
  }

  // MARK: Connecting

  /// Takes what an attempt to connect has brought.
  func ended(_ dial: HTTPDial, _ outcome: Result<HTTPDial.Connected, any Error>) {
    switch outcome {
    case .success(let connected):
      let now = LoopClock.now
      let connection = HTTPConnection(
        connected, dial.connections, of: self,
        retiring: maximumAge.map { now.advanced(by: $0) } ?? LoopClock.Instant(nanoseconds: .max))
      connection.timeline.dial = dial.times
      connection.rest(until: now.advanced(by: idleTimeout))
      if case .shared(let http2) = connected.transport {
        state.withLock { $0.remove(dial) }
        return add(connection, http2, for: dial.recipient)
      }
      let wasForAll = state.withLock { state in
        state.remove(dial)
        state.add(connection)
        return dial.connections.endAttemptForAll()
      }
      give(connection, to: dial.recipient)
      if wasForAll { connectForAll(dial.connections) }
    case .failure(let error):
      let (waiter, effects, wasForAll) = state.withLock { state in
        state.remove(dial)
        let wasForAll = dial.recipient == nil && dial.connections.endAttemptForAll()
        var waiter = dial.recipient
        // A cancelled attempt is no news for anybody else.
        if waiter == nil, !(error is CancellationError) { waiter = dial.connections.popWaiter() }
        waiter?.result = .failure(error)
        return (waiter, state.effects(on: dial.connections, limits), wasForAll)
      }
      waiter?.waiter.finish(.woken)
      perform(effects)
      if wasForAll { connectForAll(dial.connections) }
    }
  }

  /// The addresses of an origin or its proxy, looked up once for all who ask at the same time.
  func resolve(
    _ host: String, port: Int, for connections: HTTPOriginConnections
  ) async throws -> [SocketAddress] {
    let new = HTTPResolution()
    let resolution = state.withLock { _ in
      let resolution = connections.resolution ?? new
      connections.resolution = resolution
      return resolution
    }
    if resolution === new {
      new.start(host, port: port) { [self] in state.withLock { _ in connections.resolution = nil } }
    }
    return try await resolution.addresses()
  }
}
