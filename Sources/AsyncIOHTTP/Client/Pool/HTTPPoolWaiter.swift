import AsyncIORuntime

/// A request that waits for a connection.
///
/// In the queue, or given a connection of its own: the waiter's one `finish` decides. Whoever finishes it as woken has stored
/// the result before; whoever is refused takes the result back and gives it to somebody else.
final class HTTPPoolWaiter: LinkedNode, @unchecked Sendable {
  // Sendable: the links and `isQueued` are guarded by the pool's lock. `result` is written by the one who took the waiter
  // out of the queue, before `finish`, and read by the waiting task after it. `dial` is set before it is shared.
  let connections: HTTPOriginConnections
  let waiter = Waiter()
  var result: Result<HTTPConnection, any Error>?
  var isQueued = false
  /// The attempt to connect that was started for this request.
  var dial: HTTPDial?

  var links = LinkedListLinks<HTTPPoolWaiter>()

  /// Who has the smaller number has come earlier.
  let order: UInt64

  init(_ connections: HTTPOriginConnections, order: UInt64) {
    self.connections = connections
    self.order = order
  }
}
