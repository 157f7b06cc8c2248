// Pings: those that keep a connection alive, and those that somebody waits for.
//
// A peer that anything was heard of within the interval is alive, and is not asked. The loop's timer looks from time to time: it
// sends a ping after a silence, and if nothing at all has come by the timeout after that, the connection has failed. While the
// reader waits for somebody to receive, nothing can be heard, and nobody is blamed.
//
// A slow peer that only reads is alive too: a ping may stand behind a frame for long, and its answer be long on the way. So a write
// that one look finds going on, and the next one done, is a sign of life. A write that need not wait is none: it tells of the
// system's memory alone.

import AsyncIOCoordination
import AsyncIORuntime
import Synchronization

extension WebSocketConnection {
  /// The timer of the connection.
  struct KeepAlive {
    var timer: ScheduledCallback?
    /// When a ping was sent that nothing has come after, as far as is known.
    var asked: LoopClock.Instant?
    /// The write that the last look has found going on.
    var write: Int?
    var hasEnded = false
  }

  func beginKeepAlive() {
    heard()
    if let interval = configuration.pingInterval { setTimer(interval) }
  }

  func endKeepAlive() {
    let timer = keepAlive.withLock { keepAlive in
      keepAlive.hasEnded = true
      return keepAlive.timer.take()
    }
    timer?.cancel()
  }

  private func setTimer(_ delay: Duration) {
    let timer = EventLoop.orDefault.callLater(delay) { [self] in look() }
    let isLate = keepAlive.withLock { keepAlive in
      if !keepAlive.hasEnded { keepAlive.timer = timer }
      return keepAlive.hasEnded
    }
    if isLate { timer.cancel() }
  }

  private func look() {
    guard let interval = configuration.pingInterval else { return }
    let now = LoopClock.now
    let write = output.writeGoingOn
    let formerWrite = keepAlive.withLock { keepAlive in
      defer { keepAlive.write = write }
      return keepAlive.write
    }
    if inbox.isReaderWaiting || formerWrite.map({ output.hasDone($0) }) == true { heard() }
    let heard = LoopClock.Instant(nanoseconds: lastHeard.load(ordering: .relaxed))
    let silence = heard.duration(to: now)
    let asked = keepAlive.withLock { keepAlive in
      if let asked = keepAlive.asked, asked <= heard { keepAlive.asked = nil }
      return keepAlive.asked
    }
    if let asked {
      let rest = configuration.pingTimeout - asked.duration(to: now)
      if rest > .zero { return setTimer(rest) }
      fail(.unanswered(configuration.pingTimeout), .internalError, "no pong in time")
    } else if silence >= interval {
      keepAlive.withLock { $0.asked = now }
      output.ping([])
      setTimer(configuration.pingTimeout)
    } else {
      setTimer(interval - silence)
    }
  }

  /// Notes a sign of life.
  func heard() { lastHeard.store(LoopClock.now.nanoseconds, ordering: .relaxed) }

  /// Sends a ping, and waits for its answer, which may stand behind more than is read ahead: so not for ever.
  ///
  /// - Throws: ``WebSocketError``, `CancellationError`.
  func ping() async throws -> Duration {
    do {
      return try await withTimeout(configuration.pingTimeout) { try await askAndWait() }
    } catch is TimeoutError {
      throw WebSocketError.unseen(configuration.pingTimeout)
    }
  }

  private func askAndWait() async throws -> Duration {
    let start = LoopClock.now
    let ping = state.withLock { state -> PendingPing? in
      if state.hasEnded || state.sent != nil { return nil }
      state.lastPing += 1
      let ping = PendingPing(number: state.lastPing, waiter: Waiter())
      state.pings.append(ping)
      return ping
    }
    guard let ping else { throw error }
    output.ping(Self.payload(ping.number))
    switch await ping.waiter.wait(for: "the answer to a ping of a WebSocket") {
    case .woken: return start.duration(to: .now)
    case .closed: throw error
    case .cancelled:
      state.withLock { state in state.pings.removeAll { $0.waiter === ping.waiter } }
      throw CancellationError()
    }
  }

  private static func payload(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
  }

  /// Wakes whoever waits for the answer to a ping, or to one before: peers need not answer all (RFC 6455 §5.5.3).
  func answered(_ payload: [UInt8]) {
    guard payload.count == 8 else { return }
    let number = payload.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let pings = state.withLock { state -> [PendingPing] in
      guard let last = state.pings.lastIndex(where: { $0.number == number }) else { return [] }
      defer { state.pings.removeSubrange(...last) }
      return Array(state.pings[...last])
    }
    for ping in pings { ping.waiter.finish(.woken) }
  }
}
