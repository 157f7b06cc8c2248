import AsyncIONetwork
import AsyncIORuntime
import Synchronization

extension HTTPConnectionPool.State {
  /// The connections to the server of `url`.
  mutating func connections(to url: HTTPURL, _ routes: HTTPRoutes) -> HTTPOriginConnections {
    if let recent, recent.origin.port == url.port, recent.origin.scheme == url.scheme,
      recent.origin.host == url.host
    {
      return recent
    }
    let origin = HTTPOrigin(scheme: url.scheme, host: url.host, port: url.port)
    let connections = origins[origin] ?? HTTPOriginConnections(origin, mayShare: routes.mayShare(origin))
    origins[origin] = connections
    recent = connections
    return connections
  }

  // MARK: Counting

  mutating func add(_ dial: HTTPDial) {
    dial.connections.add(dial)
    count += 1
  }

  mutating func remove(_ dial: HTTPDial) {
    if dial.connections.remove(dial) { count -= 1 }
  }

  /// Adds a new connection, leased.
  mutating func add(_ connection: HTTPConnection) {
    connection.connections.leased.append(connection)
    count += 1
  }

  /// Takes a connection out of its list for good.
  mutating func remove(_ connection: HTTPConnection) {
    switch connection.place {
    case .leased: connection.connections.leased.remove(connection)
    case .idle: connection.connections.idle.remove(connection)
    case .gone: return
    }
    connection.place = .gone
    if connection.connections.shared === connection { connection.connections.shared = nil }
    count -= 1
  }

  // MARK: Serving

  /// Notes that an origin has connections that rest.
  mutating func rest(_ connections: HTTPOriginConnections) {
    move(connections, to: .resting)
  }

  private mutating func move(
    _ connections: HTTPOriginConnections, to standing: HTTPOriginConnections.Standing
  ) {
    guard connections.standing != standing else { return }
    switch connections.standing {
    case .resting: resting.remove(connections)
    case .starving: starving.remove(connections)
    case .ordinary: break
    }
    connections.standing = standing
    switch standing {
    case .resting: resting.append(connections)
    case .starving: starving.append(connections)
    case .ordinary: break
    }
  }

  /// Sees to an attempt to connect for who waits at an origin and has none, as far as the limits allow.
  mutating func serve(
    _ connections: HTTPOriginConnections, _ limits: HTTPConnectionPool.Limits
  ) -> HTTPConnectionPool.Effects {
    var effects = HTTPConnectionPool.Effects()
    guard connections.needsDial(limit: limits.forEach) else {
      if connections.standing == .starving { move(connections, to: .ordinary) }
      return effects
    }
    if count >= limits.forAll, let surplus = popIdle() {
      effects.surplus = surplus
      if surplus.connections.isEmpty { forget(surplus.connections) }
    }
    guard count < limits.forAll else {
      move(connections, to: .starving)
      return effects
    }
    let dial = HTTPDial(to: connections)
    add(dial)
    effects.dial = dial
    // Who still needs more stays in line, behind the others.
    if connections.standing == .starving {
      move(connections, to: .ordinary)
      if connections.needsDial(limit: limits.forEach) { move(connections, to: .starving) }
    }
    return effects
  }

  /// The origin that is to have the next place of all, if one is short of it.
  ///
  /// Those where nobody waits any more, or only for who has an attempt under way, leave the line here.
  mutating func nextStarving(_ limits: HTTPConnectionPool.Limits) -> HTTPOriginConnections? {
    while let connections = starving.first {
      if connections.needsDial(limit: limits.forEach) { return connections }
      move(connections, to: .ordinary)
    }
    return nil
  }

  /// Puts an origin behind the others that starve, as it was served by a connection of its own.
  mutating func yieldPlace(_ connections: HTTPOriginConnections) {
    guard connections.standing == .starving, starving.count > 1 else { return }
    starving.remove(connections)
    starving.append(connections)
  }

  /// Takes a connection that rests, from the origin that was left longest ago.
  private mutating func popIdle() -> HTTPConnection? {
    while let connections = resting.first {
      guard let connection = connections.idle.first else {
        // All of them have been taken since.
        move(connections, to: .ordinary)
        continue
      }
      remove(connection)
      return connection
    }
    return nil
  }

  /// What follows from fewer connections or attempts.
  mutating func effects(
    on connections: HTTPOriginConnections, _ limits: HTTPConnectionPool.Limits
  ) -> HTTPConnectionPool.Effects {
    var effects = HTTPConnectionPool.Effects()
    if !isClosed {
      // A place for all goes to who starves, in turn; otherwise to who waits here.
      let next = count < limits.forAll ? nextStarving(limits) ?? connections : connections
      effects = serve(next, limits)
      if effects.dial == nil, next !== connections { effects = serve(connections, limits) }
    }
    if connections.isEmpty { forget(connections) }
    if isClosed, origins.isEmpty {
      effects.closers = closers
      closers = []
    }
    return effects
  }

  /// An origin costs memory only while something is open.
  private mutating func forget(_ connections: HTTPOriginConnections) {
    move(connections, to: .ordinary)
    origins[connections.origin] = nil
    if recent === connections { recent = nil }
  }
}

extension HTTPConnectionPool {
  /// What is to be done after the lock was released.
  struct Effects {
    var dial: HTTPDial?
    /// A connection that has to go for it.
    var surplus: HTTPConnection?
    var closers: [Waiter] = []
  }

  /// How many connections there may be.
  struct Limits: Sendable {
    let forEach: Int
    let forAll: Int
  }

  func perform(_ effects: Effects) {
    effects.surplus?.close()
    effects.dial?.start(for: self)
    for closer in effects.closers { closer.finish(.woken) }
  }

  // MARK: Closing

  /// Closes all connections, ends attempts to connect, and fails whoever waits; requests under way fail soon.
  ///
  /// Idempotent.
  ///
  /// - Returns: those that nobody uses, which are still to be closed.
  func shutDown() -> [HTTPConnection] {
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
          state.count -= 1
          idle.append(connection)
        }
        _ = state.effects(on: origin, limits)
      }
    }
    // The requests that have these notice, and give them back.
    for connection in leased { connection.stream.cut() }
    for dial in dials { dial.cancel() }
    for waiter in waiters { waiter.waiter.finish(.woken) }
    return idle
  }

  /// Shuts down, and waits until the last request and the last attempt to connect have ended.
  func close() async {
    // A few bytes each, which hardly ever have to wait.
    for connection in shutDown() { await connection.finish() }
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
