// A connection: a task that reads, an inbox for what it has read, an output for what is sent, and how all of that ends.
//
// Who runs: the reader is a task of the connection. It reads as long as the inbox has room, whether or not anybody receives, so
// that pings are answered and closing is noticed; it never waits for its own writes. Everything else runs in the tasks that
// send, receive and close, and in the timers of the loop.
//
// How it ends. `state` knows which close frames were sent and received and what has failed; whoever changes that decides under the
// lock, and acts afterwards:
//
//   closed here      the close frame goes out after the messages that stand in line; what comes from then on is dropped
//   closed by peer   the close frame is answered; messages that stand in line are not sent
//   failed           the peer is told why, if it still listens; whoever receives or sends is told too
//   lost             the connection has ended, or sending has failed
//
// In each case a deadline is set that cuts the connection, so that the reader comes to its end whatever the peer does. The
// reader alone closes the stream, as the last it does (or finds it closed by `abandon`), and then wakes whoever waits for the end.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// One side of a WebSocket.
final class WebSocketConnection: ConnectionDeadlineOwner, Sendable {
  /// Which side it is.
  enum Role: Sendable {
    case client
    case server
  }

  struct State {
    /// Our close frame, from when on it is to be sent.
    var sent: (code: WebSocketCloseCode, reason: String)?
    /// The peer's close frame.
    var received: (code: WebSocketCloseCode, reason: String)?
    /// Whether the peer's came first.
    var isRemote = false
    /// Why it is of no use, if neither side has closed it in order.
    var failure: WebSocketError?
    /// Whether a write has failed, and the reader has only so much time to find out why.
    var hasSendingFailed = false
    /// Whether the stream was closed and the reader is done.
    var hasEnded = false
    /// Who waits for that.
    var waiters: [Waiter] = []
    var pings: [PendingPing] = []
    var lastPing: UInt64 = 0
  }

  /// A ping whose answer somebody waits for.
  struct PendingPing {
    let number: UInt64
    let waiter: Waiter
  }

  let role: Role
  let stream: any ByteStream
  let configuration: WebSocketConfiguration
  let inbox: WebSocketInbox
  let output: WebSocketOutput
  let state = Mutex(State())
  let keepAlive = Mutex(KeepAlive())
  /// When something was read last, in nanoseconds of the loop's clock.
  let lastHeard = Atomic<Int64>(0)
  private let inflater: WebSocketInflater?
  private let deadline = ConnectionDeadline(on: .orDefault)

  private static let readSize = 16 * 1024
  private static let largeReadSize = 64 * 1024
  /// How long a peer may take to go that was told that it has failed.
  private static let farewellLimit = Duration.seconds(2)

  init(
    over stream: any ByteStream, _ role: Role, _ configuration: WebSocketConfiguration,
    compression: WebSocketCompressionAgreement?
  ) {
    self.role = role
    self.stream = stream
    self.configuration = configuration
    inbox = WebSocketInbox(limit: configuration.readAhead)
    let isClient = role == .client
    var deflater: WebSocketDeflater?
    if let agreement = compression, let rules = configuration.compression {
      deflater = WebSocketDeflater(
        level: rules.level, windowBits: isClient ? agreement.clientWindowBits : agreement.serverWindowBits,
        keepsContext: isClient ? agreement.clientKeepsContext : agreement.serverKeepsContext)
      inflater = WebSocketInflater(
        windowBits: isClient ? agreement.serverWindowBits : agreement.clientWindowBits,
        keepsContext: isClient ? agreement.serverKeepsContext : agreement.clientKeepsContext)
    } else {
      inflater = nil
    }
    output = WebSocketOutput(
      stream, isMasking: isClient, deflater,
      minimumCompressedSize: configuration.compression?.minimumSize ?? .max)
  }

  // MARK: Reading

  /// Reads until the connection has ended, and closes it; called once, as a task.
  ///
  /// - Parameter input: what was read of the connection already.
  func read(_ input: [UInt8]) async {
    beginKeepAlive()
    var parser = WebSocketParser(
      isMasked: role == .server, frameLimit: configuration.maximumFrameSize ?? .max, inflater: inflater)
    parser.input = input
    do {
      try await readMessages(&parser)
      await sayFarewell(waits: role == .client)
    } catch let violation as WebSocketViolation {
      fail(.violated(violation), violation.code, violation.message)
      await sayFarewell(waits: true)
    } catch {
      lose(error is WebSocketCut ? nil : error)
    }
    await end()
  }

  /// Reads up to the peer's close frame.
  private func readMessages(_ parser: inout WebSocketParser) async throws {
    while true {
      while let event = try parser.next() {
        switch event {
        case .item(let item): if !inbox.put(item) { await inbox.waitForRoom() }
        case .ping(let payload): output.pong(payload)
        case .pong(let payload): answered(payload)
        case .close(let code, let reason): return close(receiving: code, reason)
        }
      }
      let direct = min(parser.directCount, Self.largeReadSize)
      let count =
        if direct > 0 {
          try await stream.read(appendingTo: &parser.message, atMost: direct)
        } else {
          try await stream.read(appendingTo: &parser.input, atMost: Self.readSize)
        }
      if count == 0 { throw WebSocketCut() }
      if direct > 0 { try parser.tookDirectly(count) }
      heard()
    }
  }

  /// Sends what is left, and waits for the peer to end the connection where it is the peer's part to do so.
  ///
  /// A server closes first (RFC 6455 §7.1.1). Where something was amiss there may be input that nobody will read, and to close
  /// with that would reset the connection, so that the peer would not learn why: hence it is read and dropped.
  private func sayFarewell(waits: Bool) async {
    await output.drain()
    guard waits else { return }
    if state.withLock({ $0.failure != nil }) { try? await stream.closeWriting() }
    var waste: [UInt8] = []
    while let count = try? await stream.read(appendingTo: &waste, atMost: Self.readSize), count > 0 {
      waste.removeAll(keepingCapacity: true)
    }
  }

  private func end() async {
    endKeepAlive()
    inbox.end()
    output.breakOff()
    await stream.close()
    deadline.end()
    let (waiters, pings) = state.withLock { state in
      state.hasEnded = true
      defer { (state.waiters, state.pings) = ([], []) }
      return (state.waiters, state.pings)
    }
    for waiter in waiters { waiter.finish(.woken) }
    for ping in pings { ping.waiter.finish(.closed) }
  }

  // MARK: Closing

  /// Notes the peer's close frame, and answers it unless it is an answer itself.
  private func close(receiving code: WebSocketCloseCode, _ reason: String) {
    let answer = state.withLock { state -> (payload: [UInt8], isRemote: Bool) in
      state.received = (code, reason)
      if let sent = state.sent { return (WebSocketClosure.payload(sent.code, sent.reason), false) }
      state.sent = (code, reason)
      state.isRemote = true
      return (WebSocketClosure.payload(code, ""), true)
    }
    endKeepAlive()
    inbox.end()
    // Ours may still stand in line; if it has gone already, nothing is sent.
    output.close(answer.payload)
    // Closing may take so long in all; where it was begun here, that is set.
    if answer.isRemote { bound(by: configuration.closeTimeout) }
  }

  /// Begins to close; false if that was begun before.
  func beginClosing(_ code: WebSocketCloseCode, _ reason: String) -> Bool {
    let isFirst = state.withLock { state in
      guard state.sent == nil, state.failure == nil, !state.hasEnded else { return false }
      state.sent = (code, reason)
      return true
    }
    guard isFirst else { return false }
    endKeepAlive()
    output.beginClosing()
    inbox.drop()
    bound(by: configuration.closeTimeout)
    return true
  }

  /// Closes with a code, after the messages that stand in line, and waits for the end.
  ///
  /// When the task is cancelled it is closed all the same, and not waited for.
  func close(_ code: WebSocketCloseCode, _ reason: String) async {
    if beginClosing(code, reason) {
      let hasTurn = (try? await output.takeTurn(isClosing: true)) != nil
      output.close(WebSocketClosure.payload(code, reason))
      if hasTurn { output.endTurn() }
    }
    await waitForEnd()
  }

  /// Waits until the connection has ended, or the task is cancelled.
  func waitForEnd() async {
    let waiter = state.withLock { state -> Waiter? in
      if state.hasEnded { return nil }
      let waiter = Waiter()
      state.waiters.append(waiter)
      return waiter
    }
    guard let waiter, await waiter.wait(for: "a WebSocket to be closed") == .cancelled else { return }
    state.withLock { state in state.waiters.removeAll { $0 === waiter } }
  }

  /// Ends it for want of something, and tells the peer.
  func fail(_ error: WebSocketError, _ code: WebSocketCloseCode, _ reason: String) {
    let farewell = state.withLock { state -> [UInt8]? in
      guard state.failure == nil, state.received == nil, !state.hasEnded else { return nil }
      state.failure = error
      let sent = state.sent ?? (code, Self.shortened(reason))
      state.sent = sent
      return WebSocketClosure.payload(sent.code, sent.reason)
    }
    guard let farewell else { return }
    inbox.end()
    output.close(farewell)
    bound(by: min(Self.farewellLimit, configuration.closeTimeout))
  }

  /// A reason that fits into a control frame.
  private static func shortened(_ reason: String) -> String {
    var reason = reason
    while reason.utf8.count > WebSocketFrameHeader.controlLimit - 2 { reason.removeLast() }
    return reason
  }

  /// Notes that the connection has ended without a farewell.
  private func lose(_ error: (any Error)?) {
    state.withLock { state in
      if state.failure == nil, state.received == nil, state.sent == nil { state.failure = .lost(error) }
    }
  }

  /// Ends it at once: a close frame is sent as far as that needs no waiting.
  func abandon(_ code: WebSocketCloseCode) async {
    if beginClosing(code, "") { output.close(WebSocketClosure.payload(code, "")) }
    await stream.close()
  }

  private func bound(by limit: Duration) {
    deadline.set(LoopClock.now.advanced(by: limit), for: self)
  }

  func deadlineExpired() {
    // The reader may wait for room.
    inbox.drop()
    stream.abort()
  }

  /// Gives the reader some time to find out why nothing can be sent; where there is a deadline already, that holds.
  func sendingFailed() {
    let isFirst = state.withLock { state in
      defer { state.hasSendingFailed = true }
      return !state.hasSendingFailed && state.sent == nil
    }
    if isFirst { bound(by: min(Self.farewellLimit, configuration.closeTimeout)) }
  }

  // MARK: Telling

  /// How it was closed; nil while it is open.
  var closure: WebSocketClosure? {
    state.withLock { state in
      if let failure = state.failure { return failure.closure }
      guard let sent = state.sent else { return nil }
      if state.isRemote, let received = state.received {
        return WebSocketClosure(code: received.code, reason: received.reason, initiator: .remote)
      }
      // Without the peer's answer it was no orderly end (RFC 6455 §7.1.5).
      let isAbnormal = state.hasEnded && state.received == nil
      return WebSocketClosure(
        code: isAbnormal ? .abnormal : sent.code, reason: sent.reason, initiator: .local)
    }
  }

  /// What whoever sends or receives is told once it has ended.
  var error: WebSocketError {
    if let failure = state.withLock({ $0.failure }) { return failure }
    return closure.map { .closed($0) } ?? .lost(nil)
  }

  /// Whether nothing was amiss, so that a loop over the messages simply ends.
  var isOrderly: Bool {
    guard state.withLock({ $0.failure == nil }), let closure else { return false }
    return closure.initiator == .local || closure.code.isOrderly
  }
}

/// The stream has come to its end.
struct WebSocketCut: Error {}
