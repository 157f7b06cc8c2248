/// Where connections go: a host and a port, and whether over TLS.
///
/// How they get there, by which proxy and with which certificates, is the same for the whole of a session.
struct HTTPOrigin: Hashable, Sendable {
  let scheme: HTTPURL.Scheme
  let host: String
  let port: Int
}

/// The connections to one origin, and who waits for one.
///
/// Everything is guarded by the pool's lock. Invariants while nobody holds it:
///
/// - a connection is in `leased`, in `idle` or in neither for good;
/// - `count` is at most the limit;
/// - where somebody waits nothing is idle;
/// - where somebody waits, either `count` is at the limit, or an attempt to connect is under way for each who waits, or the
///   origin is among the starving.
final class HTTPOriginConnections: LinkedNode, @unchecked Sendable {
  // Sendable: guarded by the pool's lock; `origin` is constant.
  let origin: HTTPOrigin
  /// Those that serve a request, or are on their way to one.
  var leased = LinkedList<HTTPConnection>()
  /// Those that nobody uses; the one used last is last.
  var idle = LinkedList<HTTPConnection>()
  /// Who waits, the longest first.
  var waiters = LinkedList<HTTPPoolWaiter>()
  /// Attempts to connect.
  var dials: [ObjectIdentifier: HTTPDial] = [:]
  /// How many attempts are for whoever waits longest.
  var openDials = 0
  var resolution: HTTPResolution?

  /// In which list of the pool an origin is.
  enum Standing {
    /// In none.
    case ordinary
    /// Among those that may have idle connections.
    case resting
    /// Among those where somebody waits because of the limit for all.
    case starving
  }

  var standing = Standing.ordinary
  var links = LinkedListLinks<HTTPOriginConnections>()

  init(_ origin: HTTPOrigin) { self.origin = origin }

  /// How many connections there are or may soon be.
  var count: Int { leased.count + idle.count + dials.count }

  var isEmpty: Bool { count == 0 && waiters.isEmpty }

  /// Whether somebody waits for whom there is no attempt to connect, and the limit allows one.
  func needsDial(limit: Int) -> Bool { openDials < waiters.count && count < limit }

  func add(_ dial: HTTPDial) {
    dials[ObjectIdentifier(dial)] = dial
    if dial.recipient == nil { openDials += 1 }
  }

  /// Forgets an attempt, and tells whether it was known.
  func remove(_ dial: HTTPDial) -> Bool {
    guard dials.removeValue(forKey: ObjectIdentifier(dial)) != nil else { return false }
    if dial.recipient == nil { openDials -= 1 }
    return true
  }

  /// Takes whoever waits longest out of the queue.
  func popWaiter() -> HTTPPoolWaiter? {
    let waiter = waiters.popFirst()
    waiter?.isQueued = false
    return waiter
  }
}
