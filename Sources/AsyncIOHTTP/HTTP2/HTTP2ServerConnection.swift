// One connection of a server that speaks HTTP/2: one task reads, and each request has a task of its own.
//
// The tasks of the requests are children of the one that reads, so that none outlives the connection: when it ends, in whatever
// way, they are cancelled and waited for. A request that is taken back has its task cancelled alone. A client may take back
// requests faster than their tasks end; so the tasks are counted, and beyond twice the limit of streams requests are refused.
// Tasks begin at once, as one that was cancelled before it has begun would never count itself out.
//
// Who touches what: `state` is behind its lock. A stream's task is known to the task that reads, which alone starts and cancels it.
//
// Ending gently: the client is told which request is the last that is answered (RFC 9113 §6.8). What it has sent after that, before
// it could know, it may send again elsewhere, as it was surely not processed. The connection is closed when the last task has ended.
// Whoever finds that there is none says so under the lock, and tells the client at once; a request that was read before and comes to
// the lock later is refused. So none is begun that the closing would cut off.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import NIOHTTP2
import Synchronization

/// A connection of HTTP/2 that a server has accepted.
final class HTTP2ServerConnection: ConnectionDeadlineOwner, HTTPServedConnection {
  private enum Phase {
    /// Requests are taken → closing, ended
    case open
    /// The client was told which request is the last → ended
    case closing
    /// No request is under way, and none is taken any more: the connection is being closed (last)
    case ended
  }

  private struct State {
    var phase = Phase.open
    /// How many requests are being answered.
    var running = 0
  }

  let server: HTTPServer
  let configuration: HTTPServer.Configuration
  let remoteAddress: SocketAddress?
  private let connection: HTTP2Connection
  private let deadline = ConnectionDeadline(on: .orDefault)
  private let state = Mutex(State())

  init(over stream: some ByteStream, from address: SocketAddress?, of server: HTTPServer) throws {
    self.server = server
    configuration = server.configuration
    remoteAddress = address
    connection = try HTTP2Connection(over: stream, as: .server, configuration.http2Settings)
  }

  /// Answers requests until either side ends the connection.
  ///
  /// - Parameter beginning: what was read before.
  func serve(beginning: [UInt8] = []) async {
    deadline.set(LoopClock.now.advanced(by: configuration.headTimeout), for: self)
    if server.isClosing { closeIfIdle() }
    _ = try? await withSupervisorScope { scope in
      var tasks: [ObjectIdentifier: TaskHandle<Void>] = [:]
      await connection.run(beginning: beginning) { events in
        for stream in events.opened where admit(stream) {
          tasks[ObjectIdentifier(stream)] = scope.createTask(eagerStart: true) { await self.answer(stream) }
        }
        for stream in events.reset { tasks.removeValue(forKey: ObjectIdentifier(stream))?.cancel() }
        if tasks.count > 2 * configuration.http2.maximumStreams { tasks = tasks.filter { !$0.value.isDone } }
      }
      scope.cancel()
    }
    deadline.end()
    await connection.closeAfterFailure()
  }

  /// Counts a new request; false if there are too many, or the connection ends, and it was refused.
  private func admit(_ stream: HTTP2Stream) -> Bool {
    let isAdmitted = state.withLock { state in
      guard state.phase != .ended, state.running < 2 * configuration.http2.maximumStreams else {
        return false
      }
      state.running += 1
      if state.running == 1 { deadline.clear() }
      return true
    }
    if !isAdmitted { stream.reset(.refusedStream, throwing: CancellationError()) }
    return isAdmitted
  }

  private func answer(_ stream: HTTP2Stream) async {
    await HTTP2ServerStream(stream, of: self).serve()
    let isLast = state.withLock { state in
      state.running -= 1
      guard state.running == 0 else { return false }
      if state.phase == .open {
        deadline.set(LoopClock.now.advanced(by: configuration.idleTimeout), for: self)
        return false
      }
      state.phase = .ended
      return true
    }
    if isLast { end() }
  }

  // MARK: Ending

  /// Tells the client that the connection goes away; closes it if no request is under way.
  func closeIfIdle() {
    let phase: Phase? = state.withLock { state in
      guard state.phase == .open else { return nil }
      state.phase = state.running == 0 ? .ended : .closing
      return state.phase
    }
    switch phase {
    case .ended: end()
    case .closing: connection.goAway()
    case .open, nil: return
    }
  }

  func deadlineExpired() { closeIfIdle() }

  /// Closes the connection, on which nothing is under way, with a farewell.
  private func end() {
    connection.goAway()
    // Detached: it belongs to the connection, and its own limit of time ends it.
    Task.detached(executorPreference: EventLoop.orDefault) { [connection] in await connection.close() }
  }
}
