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
/// - where somebody waits, either `count` is at the limit, or an attempt to connect is under way for each who waits, or one for
///   all, or all places on the shared connection are taken, or the origin is among the starving.
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
  /// The connection that all requests share, where the server speaks HTTP/2.
  var shared: HTTPConnection?

  /// Whether one connection is for all requests.
  enum Sharing {
    /// Not known: one attempt to connect is for all who wait. Goes to `none`, `shared`.
    case undecided
    /// Each request needs a connection for itself. Goes to `shared`.
    case none
    /// One is for all. Goes to `none` where the next attempt fails, or brings HTTP/1.1.
    case shared
  }

  var sharing: Sharing

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

  init(_ origin: HTTPOrigin, mayShare: Bool) {
    self.origin = origin
    sharing = mayShare ? .undecided : .none
  }

  /// How many connections there are or may soon be.
  var count: Int { leased.count + idle.count + dials.count }

  var isEmpty: Bool { count == 0 && waiters.isEmpty }

  /// Whether somebody waits for whom there is no attempt to connect, and the limit allows one.
  func needsDial(limit: Int) -> Bool {
    guard openDials < waiters.count, count < limit else { return false }
    return sharing == .none || (openDials == 0 && shared == nil)
  }

  /// The attempt to connect that is for all who wait.
  var attemptForAll: HTTPDial? {
    guard sharing != .none, shared == nil else { return nil }
    return dials.values.first { $0.recipient == nil }
  }

  /// Has each who waits get an attempt of its own from now on, and tells whether that is a change.
  func endAttemptForAll() -> Bool {
    defer { sharing = .none }
    return sharing != .none
  }

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
