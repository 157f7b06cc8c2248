import AsyncIONetwork
import AsyncIORuntime
import Synchronization

extension HTTPConnectionPool.State {
  /// The connections to the server of `url`.
  mutating func connections(to url: HTTPURL) -> HTTPOriginConnections {
    if let recent, recent.origin.port == url.port, recent.origin.host == url.host { return recent }
    let origin = HTTPOrigin(host: url.host, port: url.port)
    let connections = origins[origin] ?? HTTPOriginConnections(origin)
    origins[origin] = connections
    recent = connections
    return connections
  }

  /// Takes a connection out of its list for good.
  mutating func remove(_ connection: HTTPConnection) {
    switch connection.place {
    case .leased: connection.connections.leased.remove(connection)
    case .idle: connection.connections.idle.remove(connection)
    case .gone: return
    }
    connection.place = .gone
  }

  /// What follows from fewer connections or attempts.
  mutating func effects(on connections: HTTPOriginConnections, limit: Int) -> HTTPConnectionPool.Effects {
    var effects = HTTPConnectionPool.Effects()
    if !isClosed { effects.dial = connections.dialIfNeeded(limit: limit) }
    if connections.isEmpty {
      // An origin costs memory only while something is open.
      origins[connections.origin] = nil
      if recent === connections { recent = nil }
      if isClosed, origins.isEmpty {
        effects.closers = closers
        closers = []
      }
    }
    return effects
  }
}

extension HTTPConnectionPool {
  /// What is to be done after the lock was released.
  struct Effects {
    var dial: HTTPDial?
    var closers: [Waiter] = []
  }

  func perform(_ effects: Effects) {
    effects.dial?.start(for: self)
    for closer in effects.closers { closer.finish(.woken) }
  }

  // MARK: Closing

  /// Closes all connections, ends attempts to connect, and fails whoever waits; requests under way fail soon.
  ///
  /// Idempotent.
  func shutDown() {
    var idle: [HTTPConnection] = []
    var leased: [HTTPConnection] = []
    var dials: [HTTPDial] = []
    var waiters: [HTTPPoolWaiter] = []
    state.withLock { state in
      state.isClosed = true
      for origin in state.origins.values {
        leased += origin.leased.elements
        dials += origin.dials.values
        while let waiter = origin.popWaiter() {
          waiter.result = .failure(HTTPPoolClosed())
          waiters.append(waiter)
        }
        while let connection = origin.idle.popLast() {
          connection.place = .gone
          idle.append(connection)
        }
        _ = state.effects(on: origin, limit: limit)
      }
    }
    for connection in idle { connection.close() }
    // The requests that have these notice, and give them back.
    for connection in leased { connection.stream.close() }
    for dial in dials { dial.cancel() }
    for waiter in waiters { waiter.waiter.finish(.woken) }
  }

  /// Shuts down, and waits until the last request and the last attempt to connect have ended.
  func close() async {
    shutDown()
    let waiter = Waiter()
    let isOver = state.withLock { state in
      if state.origins.isEmpty { return true }
      state.closers.append(waiter)
      return false
    }
    // Cancelled or not: what is waited for is ending, and soon.
    if !isOver { await waiter.waitUncancelled(for: "HTTP connections to close") }
  }
}
