// Connections that requests share: those of HTTP/2.
//
// The connection itself, the carrier, is a connection of the pool as all others: counted, leased while somebody has a place on
// it, idle while nobody has. A request gets a place on it: a connection of its own that is in no list, and whose bytes go over
// one stream. Places are taken and given back under the pool's lock, each exactly once by the rules for leases
// (HTTPConnectionPool.swift), so `taken` is the number of requests that are under way.
//
// An origin has at most one carrier that takes requests, `shared`, which is found without a search. One that goes away is taken
// from there, serves those who have places on it, and is closed with the last of them.
//
// Whether an origin speaks HTTP/2 is known only when a connection is there. Until then one attempt to connect is for all who wait,
// or a hundred requests at once would shake hands a hundred times for one connection. If the attempt fails, or brings HTTP/1.1,
// the others get attempts of their own.
//
// The task that reads a carrier reports here, in no turn of the connection and under no lock; nothing here takes a turn under the
// pool's lock.

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// How many have a place on a shared connection, and how many may.
struct HTTPPlaces {
  /// The connection, if it is shared.
  var connection: HTTP2Connection?
  var taken = 0
  /// What the server allows; RFC 9113 §6.5.2 recommends no less than this.
  var limit = 100
  /// Whether no more are given.
  var isClosing = false
  var hasOne: Bool { connection != nil && !isClosing && taken < limit }
}

extension HTTPOriginConnections {
  /// Leases a place on the shared connection, or a kept one.
  func takeKept() -> HTTPConnection? {
    if let place = takePlace() { return place }
    guard let connection = idle.popLast() else { return nil }
    guard connection.places.connection == nil else {
      // A shared one whose server allows no stream at all just now.
      idle.append(connection)
      return nil
    }
    connection.place = .leased
    leased.append(connection)
    return connection
  }

  /// Takes a place on the shared connection, if there is one with a free place.
  func takePlace() -> HTTPConnection? {
    guard let carrier = shared else { return nil }
    return takePlace(on: carrier)
  }

  /// Takes a place on a connection that has one.
  func takePlace(on carrier: HTTPConnection) -> HTTPConnection? {
    guard carrier.places.hasOne, let connection = carrier.places.connection else { return nil }
    carrier.places.taken += 1
    if carrier.place == .idle {
      carrier.deadline.clear()
      idle.remove(carrier)
      carrier.place = .leased
      leased.append(carrier)
    }
    return HTTPConnection(on: carrier, connection)
  }
}

extension HTTPConnectionPool {
  /// Begins HTTP/2 on a stream.
  func share(_ stream: some ByteStream) throws -> HTTPTransport {
    .shared(try HTTP2Connection(over: stream, as: .client, http2Settings))
  }

  /// Takes a new shared connection in; `recipient` is given the first place.
  func add(_ carrier: HTTPConnection, _ connection: HTTP2Connection, for recipient: HTTPPoolWaiter?) {
    let connections = carrier.connections
    let waiter: HTTPPoolWaiter? = state.withLock { state in
      carrier.places.connection = connection
      state.add(carrier)
      connections.sharing = .shared
      // Another attempt was faster: this one serves whoever it was made for, if anybody, and is closed then.
      let isSurplus = connections.shared != nil || state.isClosed
      let waiter = recipient ?? (isSurplus ? nil : connections.popWaiter())
      if let waiter, let place = connections.takePlace(on: carrier) { waiter.result = .success(place) }
      if isSurplus { carrier.places.isClosing = true } else { connections.shared = carrier }
      return waiter
    }
    // It belongs to the connection, and ends with that.
    _ = EventLoop.makeChild { [self] in
      await connection.run { self.note($0, on: carrier) }
      self.ended(carrier)
      await connection.closeAfterFailure()
    }
    var returned = 0
    if let waiter, !waiter.waiter.finish(.woken) {
      waiter.result = nil
      returned = 1
    }
    handOut(carrier, returned: returned)
  }

  /// Sees to what the server has said.
  private func note(_ events: HTTP2FrameHandler.Events, on carrier: HTTPConnection) {
    guard events.streamLimit != nil || events.isGoingAway else { return }
    state.withLock { _ in
      if let limit = events.streamLimit { carrier.places.limit = limit }
      if events.isGoingAway { retire(carrier) }
    }
    handOut(carrier, returned: 0)
  }

  /// Takes note that a shared connection has ended.
  private func ended(_ carrier: HTTPConnection) {
    state.withLock { _ in retire(carrier) }
    handOut(carrier, returned: 0)
  }

  /// Has no more requests sent over a shared connection.
  private func retire(_ carrier: HTTPConnection) {
    carrier.places.isClosing = true
    if carrier.connections.shared === carrier { carrier.connections.shared = nil }
  }

  /// Closes a shared connection that nobody has used for long; one that was taken at the same instant takes no more requests.
  func expire(_ carrier: HTTPConnection) {
    state.withLock { _ in retire(carrier) }
    handOut(carrier, returned: 0)
  }

  /// Takes a place back from a request.
  func giveBack(_ place: HTTPConnection, to carrier: HTTPConnection) {
    // A server that has said nothing to anybody while a request waited in vain may be gone without a word.
    let isMute = place.isOutOfTime && place.stream.http2?.hasHeardNothing == true
    place.close()
    let isOld = LoopClock.now >= carrier.retirement
    state.withLock { _ in
      if place.isUsed { carrier.isUsed = true }
      // The task that reads tells of an end too, but on another thread that may be later than the request's next attempt.
      if isOld || isMute || place.isTurnedAway { retire(carrier) }
    }
    handOut(carrier, returned: 1)
  }

  private enum Step {
    /// Somebody gets a place.
    case give(HTTPPoolWaiter)
    /// The connection is of no use any more.
    case close(Effects)
    /// Nobody uses it now.
    case rest
    case done(Effects)
  }

  /// Takes so many places back, and gives what is free to those who wait, the longest first.
  private func handOut(_ carrier: HTTPConnection, returned: Int) {
    var returned = returned
    while true {
      let step = state.withLock { state in
        carrier.places.taken -= returned
        return self.step(carrier, &state)
      }
      returned = 0
      switch step {
      case .give(let waiter):
        guard !waiter.waiter.finish(.woken) else { continue }
        // Cancelled or too late: the next one gets it.
        waiter.result = nil
        returned = 1
      case .close(let effects):
        carrier.close()
        return perform(effects)
      case .rest:
        // If it is taken at the same instant and this time then passes, it takes no more requests, and no harm is done.
        if carrier.rest(until: min(LoopClock.now.advanced(by: idleTimeout), carrier.retirement)) { return }
        state.withLock { _ in retire(carrier) }
      case .done(let effects): return perform(effects)
      }
    }
  }

  private func step(_ carrier: HTTPConnection, _ state: inout State) -> Step {
    let connections = carrier.connections
    guard carrier.place != .gone else { return .done(Effects()) }
    if state.isClosed { retire(carrier) }
    if let waiter = connections.waiters.first, connections.shared === carrier,
      let place = connections.takePlace(on: carrier)
    {
      _ = connections.popWaiter()
      waiter.result = .success(place)
      return .give(waiter)
    }
    guard carrier.places.taken == 0 else {
      return .done(carrier.places.isClosing ? state.effects(on: connections, limits) : Effects())
    }
    // Whoever waits for another server gets the place of one that nobody uses.
    if carrier.places.isClosing || state.nextStarving(limits) != nil {
      retire(carrier)
      state.remove(carrier)
      return .close(state.effects(on: connections, limits))
    }
    guard carrier.place == .leased else { return .done(Effects()) }
    connections.leased.remove(carrier)
    connections.idle.append(carrier)
    carrier.place = .idle
    if connections.standing != .resting { state.rest(connections) }
    return .rest
  }

  /// Starts attempts for all who wait at an origin, when one is no longer for all of them.
  func connectForAll(_ connections: HTTPOriginConnections) {
    while true {
      let effects = state.withLock { $0.isClosed ? Effects() : $0.serve(connections, limits) }
      guard effects.dial != nil else { return perform(effects) }
      perform(effects)
    }
  }
}
