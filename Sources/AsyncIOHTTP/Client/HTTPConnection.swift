// A connection of the pool.
//
// Who touches what: `place` and the links belong to the pool and are guarded by its lock. The buffers and what is known of
// the exchange belong to the request that has leased the connection; a lease passes through the pool's lock, or through the
// waiter of the request that gets it, so that each sees what the one before has left. The deadline's timer only closes the
// stream, which any thread may do.
//
// The pool holds its connections, and they hold it: the pool lets go of each at its end, and of all when it is shut down.
//
// Over HTTP/2 there is one for the connection that all share, the carrier, which is in the lists of the pool, and one for each
// request, which is in none and has a place on its carrier (Pool/HTTPConnectionPool+Sharing.swift).

import AsyncIONetwork
import AsyncIORuntime

/// A connection to a server, with its buffers.
final class HTTPConnection: ConnectionDeadlineOwner, LinkedNode, @unchecked Sendable {
  // Sendable: see the head of this file.

  /// In which list of its origin a connection is.
  enum Place {
    /// It serves a request, or is handed to one. Goes to `idle`, `gone`.
    case leased
    /// Nobody uses it. Goes to `leased`, `gone`.
    case idle
    /// In none, for good.
    case gone
  }

  let stream: HTTPTransport
  /// The proxy that gets whole URLs, if there is one.
  let forwarder: HTTPProxy?
  let connections: HTTPOriginConnections
  let deadline = ConnectionDeadline(on: .orDefault)
  private let pool: HTTPConnectionPool
  /// The connection of HTTP/2 on which this one has a place.
  let carrier: HTTPConnection?
  /// How many attempts the request has had before this one, over HTTP/2.
  var attempt = 0
  /// Whether no stream was opened for the request, over HTTP/2, as its connection takes no more.
  var isTurnedAway = false
  /// How many have a place on this one, and how many may, if it is shared; guarded by the pool's lock.
  var places = HTTPPlaces()

  var place = Place.leased
  var links = LinkedListLinks<HTTPConnection>()

  /// What has come and what goes out; a request works on copies of its own, which leave nothing here.
  var input = HTTPInput()
  var output: [UInt8] = []
  var phase = HTTPPhase.connect
  /// Whether an exchange was completed on it, so that the server may have closed it since.
  var isUsed = false
  /// When the phases of the present exchange began, as far as noted; what is older is of the one before.
  var timeline = HTTPTimeline()
  /// The end of the time for the present request as a whole.
  private var end = LoopClock.Instant(nanoseconds: 0)
  /// The limit of the present phase, if it has one and that comes first.
  private var phaseLimit: Duration?
  /// From when on it serves no new request.
  let retirement: LoopClock.Instant

  /// Makes a leased connection.
  init(
    _ dialled: HTTPDial.Connected, _ connections: HTTPOriginConnections, of pool: HTTPConnectionPool,
    retiring retirement: LoopClock.Instant
  ) {
    stream = dialled.transport
    forwarder = dialled.forwarder
    self.connections = connections
    self.pool = pool
    self.retirement = retirement
    carrier = nil
  }

  /// Makes a leased connection that has a place on another.
  init(on carrier: HTTPConnection, _ connection: HTTP2Connection) {
    stream = .stream(connection.makeStream())
    forwarder = nil
    connections = carrier.connections
    pool = carrier.pool
    retirement = carrier.retirement
    self.carrier = carrier
    isUsed = carrier.isUsed
    timeline = carrier.timeline
  }

  /// Prepares a leased connection for a request, and tells whether it can serve one.
  func begin(until instant: LoopClock.Instant) -> Bool {
    guard deadline.set(instant, for: self) else { return false }
    end = instant
    phaseLimit = nil
    // What comes unasked, or the end, makes a kept connection useless.
    return !isUsed || !stream.hasInput
  }

  /// Whether requests have places on it.
  var isShared: Bool {
    if case .shared = stream { true } else { false }
  }

  // MARK: Time

  /// Gives the phase that begins a limit of its own, within that of the request.
  func bound(by limit: Duration?) {
    guard limit != nil || phaseLimit != nil else { return }
    phaseLimit = nil
    var instant = end
    if let limit {
      let own = LoopClock.now.advanced(by: limit)
      if own < end {
        instant = own
        phaseLimit = limit
      }
    }
    deadline.set(instant, for: self)
  }

  /// Lifts the limit of the request: from here on phases have limits.
  func unbound() {
    end = LoopClock.Instant(nanoseconds: .max)
    phaseLimit = nil
    deadline.clear()
  }

  /// Whether the time of the present request, or of its phase, is over.
  var isOutOfTime: Bool { deadline.hasExpired || LoopClock.now >= end }

  /// Tells in which phase time has run out, and how long each took.
  func timedOut(_ call: HTTPCall) -> HTTPTimedOut {
    var timeline = timeline
    if timeline.start < call.start {
      timeline.start = call.start
      timeline.callStart = call.start
    }
    return HTTPTimedOut(
      phase: phase, timings: timeline.timings(endingIn: phase, at: .now), limit: phaseLimit)
  }

  /// Prepares for nobody to use it until `instant`, and tells whether it can be kept.
  @discardableResult
  func rest(until instant: LoopClock.Instant) -> Bool {
    input.trim()
    return deadline.set(instant, for: self)
  }

  /// Closes the connection for good.
  func close() {
    deadline.end()
    stream.closeInBackground()
  }

  /// Closes the connection for good, and waits until it has said farewell.
  func finish() async {
    deadline.end()
    await stream.close()
  }

  /// Closes the connection for good and at once.
  func cut() {
    deadline.end()
    stream.cut()
  }

  func deadlineExpired() {
    if !pool.closeIdle(self) { stream.cut() }
  }
}
