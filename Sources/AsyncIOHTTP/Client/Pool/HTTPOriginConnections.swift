/// Where connections go: a host and a port.
struct HTTPOrigin: Hashable, Sendable {
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
/// - where somebody waits, either `count` is at the limit, or an attempt to connect is under way for each who waits.
final class HTTPOriginConnections: @unchecked Sendable {
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

  init(_ origin: HTTPOrigin) { self.origin = origin }

  /// How many connections there are or may soon be.
  var count: Int { leased.count + idle.count + dials.count }

  var isEmpty: Bool { count == 0 && waiters.isEmpty }

  /// A new attempt to connect, if somebody waits for whom there is none and the limit allows one.
  func dialIfNeeded(limit: Int) -> HTTPDial? {
    guard openDials < waiters.count, count < limit else { return nil }
    let dial = HTTPDial(to: self)
    add(dial)
    return dial
  }

  func add(_ dial: HTTPDial) {
    dials[ObjectIdentifier(dial)] = dial
    if dial.recipient == nil { openDials += 1 }
  }

  func remove(_ dial: HTTPDial) {
    guard dials.removeValue(forKey: ObjectIdentifier(dial)) != nil else { return }
    if dial.recipient == nil { openDials -= 1 }
  }

  /// Takes whoever waits longest out of the queue.
  func popWaiter() -> HTTPPoolWaiter? {
    let waiter = waiters.popFirst()
    waiter?.isQueued = false
    return waiter
  }
}
