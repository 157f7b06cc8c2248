// The sending side of a connection: whose turn it is, and who writes.
//
// A message has the *turn* from its first frame to its last; those who want to send stand in line for it, first come, first
// served. Within it, the *right to write* is taken for each frame, so that pongs, pings and the close frame go out between the
// frames of a message, also while its sender is busy elsewhere. Whoever has the right writes, besides its frame, what control
// frames have come up meanwhile, before it lets go. Where nobody has it, a control frame gets a task of its own, since the reader
// must not wait for a peer that does not read: two sides that both waited so would wait for ever.
//
// Both are handed over under the lock: the turn to the first in line, the right to the sender whose turn it is, or to whoever
// waits for the output to run dry. `WaitQueue` and `Waiter` say why none is lost or woken twice.
//
// What cancellation leaves: a sender that was cancelled before any byte of its message was written has written nothing. After
// that, or after it has changed the state of the compressor, the rest is written by a task in its place, which holds the turn
// and perhaps the right until then: a frame cut in two would make everything after it unreadable. A write that fails breaks
// the output for good.
//
// After the close frame nothing is sent (RFC 6455 §5.5.1). So no frame of a message is begun from the moment at which the close
// frame is asked for: a message that is under way ends after the frame that is being written, and its sender is told.
//
// Who touches what: `state` is under its lock; the compressor belongs to the holder of the turn, as does what is in `Sending`.

import AsyncIONetwork
import AsyncIORuntime
import Synchronization

/// Sends frames over a stream.
final class WebSocketOutput: Sendable {
  /// How far the output has come to its end.
  enum Phase: Int {
    case open
    /// Messages that stand in line are sent, no others.
    case closing
    /// No messages are sent, only what control frames are left.
    case ended
    /// Nothing is sent any more.
    case broken
  }

  struct State: ~Copyable {
    var phase = Phase.open
    var hasTurn = false
    var line = WaitQueue<Void>()
    var isWriting = false
    /// The sender whose turn it is, where it waits for the right to write.
    var sender: Waiter?
    /// Who waits for the output to run dry.
    var drain: Waiter?
    var controls = Controls()
    var keys = WebSocketMaskKeys()
  }

  /// What somebody is sending.
  struct Sending: Sendable {
    var kind = WebSocketOpcode.continuation
    /// What was not put into a frame yet; nil where there is nothing but control frames.
    var payload: ArraySlice<UInt8>?
    /// What was not written yet of frames.
    var frame: ArraySlice<UInt8> = []
    /// Whether the message ends with the payload.
    var isLast = true
    var isCompressed = false
    /// Whether this holds the right to write.
    var mayWrite = false
    /// Whether it must be sent to its end.
    var isCommitted = false
  }

  /// The payload of a frame, where a message is larger.
  static let frameSize = 128 * 1024

  private let stream: any ByteStream
  let isMasking: Bool
  private let deflater: WebSocketDeflater?
  private let minimumCompressedSize: Int
  let state = Mutex(State())
  /// How many writes were done; counted by the holder of the right to write.
  private let writeCount = Atomic(0)

  init(
    _ stream: any ByteStream, isMasking: Bool, _ deflater: WebSocketDeflater?, minimumCompressedSize: Int
  ) {
    self.stream = stream
    self.isMasking = isMasking
    self.deflater = deflater
    self.minimumCompressedSize = minimumCompressedSize
  }

  /// Whether messages are compressed.
  var compresses: Bool { deflater != nil }

  // MARK: Messages

  /// Sends a message as a whole.
  ///
  /// - Throws: `WebSocketOutputEnded`; `IOError` and `TLSError` where the connection is lost; `CancellationError`.
  func send(_ kind: WebSocketOpcode, _ payload: ArraySlice<UInt8>) async throws {
    try await takeTurn()
    var sending = Sending(kind: kind, payload: payload)
    sending.isCompressed = deflater != nil && payload.count >= minimumCompressedSize
    try await send(&sending, endsTurn: true)
  }

  /// Sends what has the turn.
  func send(_ sending: inout Sending, endsTurn: Bool) async throws {
    do {
      try await advance(&sending)
    } catch {
      if error is CancellationError, sending.isCommitted {
        finishInBackground(sending, endsTurn: endsTurn)
      } else {
        if sending.mayWrite { letGo(isBroken: !(error is CancellationError)) }
        if endsTurn { endTurn() }
      }
      throw error
    }
    if endsTurn { endTurn() }
  }

  /// Writes the rest of what is being sent.
  private func advance(_ sending: inout Sending) async throws {
    while true {
      while !sending.frame.isEmpty {
        let count = try await stream.writeSome(sending.frame)
        writeCount.add(1, ordering: .relaxed)
        sending.frame = sending.frame.dropFirst(count)
        sending.isCommitted = true
      }
      if sending.mayWrite {
        if let controls = nextControls() {
          sending.frame = controls[...]
          continue
        }
        sending.mayWrite = false
      }
      guard let payload = sending.payload else { return }
      let key = try await takeRight()
      sending.mayWrite = true
      encode(payload, key, &sending)
    }
  }

  /// Puts the next part of the payload into a frame.
  private func encode(_ payload: ArraySlice<UInt8>, _ key: UInt32?, _ sending: inout Sending) {
    let part = payload.prefix(Self.frameSize)
    let rest = payload.dropFirst(part.count)
    let isFinal = rest.isEmpty && sending.isLast
    var header = WebSocketFrameHeader(
      opcode: sending.kind, isFinal: isFinal,
      isCompressed: sending.isCompressed && sending.kind != .continuation,
      length: part.count, mask: key)
    var frame: [UInt8] = []
    if sending.isCompressed, let deflater {
      var compressed: [UInt8] = []
      deflater.compress(part, isLast: isFinal, to: &compressed)
      header.length = compressed.count
      header.append(with: compressed[...], to: &frame)
      // The next message builds upon it.
      sending.isCommitted = true
    } else {
      header.append(with: part, to: &frame)
    }
    sending.kind = .continuation
    sending.frame = frame[...]
    sending.payload = rest.isEmpty ? nil : rest
  }

  func finishInBackground(_ sending: Sending, endsTurn: Bool) {
    _ = EventLoop.makeChild { [self] in
      var sending = sending
      do {
        try await advance(&sending)
      } catch {
        if sending.mayWrite { letGo(isBroken: true) }
      }
      if endsTurn { endTurn() }
    }
  }

  // MARK: The turn

  /// Waits for the turn.
  ///
  /// - Parameter isClosing: whether the connection is being closed, after those who stand in line.
  /// - Throws: `WebSocketOutputEnded`, `CancellationError`.
  func takeTurn(isClosing: Bool = false) async throws {
    let waiter = try state.withLock { state -> QueuedWaiter<Void>? in
      guard state.phase == .open || (isClosing && state.phase == .closing) else {
        throw WebSocketOutputEnded()
      }
      if !state.hasTurn {
        state.hasTurn = true
        return nil
      }
      let waiter = QueuedWaiter<Void>(())
      state.line.append(waiter)
      return waiter
    }
    guard let waiter else { return }
    switch await waiter.wait(for: "its turn to send over a WebSocket") {
    case .woken: return
    case .closed: throw WebSocketOutputEnded()
    case .cancelled:
      state.withLock { $0.line.remove(waiter) }
      throw CancellationError()
    }
  }

  /// Gives the turn to the first in line.
  func endTurn() {
    var wakeUps = WakeUps()
    state.withLock { state in
      if !state.line.wakeFirst(into: &wakeUps) { state.hasTurn = false }
    }
    wakeUps.resume()
  }

  // MARK: The right to write

  /// Takes the right to write a frame of the message whose turn it is.
  ///
  /// - Returns: the key for it, if it is to be masked.
  private func takeRight() async throws -> UInt32? {
    let (waiter, key) = try state.withLock { state -> (Waiter?, UInt32?) in
      guard state.phase == .open || state.phase == .closing else { throw WebSocketOutputEnded() }
      // Drawn under the lock, although that may ask the system: whoever writes control frames draws at the same time, and
      // two frames would have one key.
      let key = isMasking ? state.keys.next() : nil
      if !state.isWriting {
        state.isWriting = true
        return (nil, key)
      }
      let waiter = Waiter()
      state.sender = waiter
      return (waiter, key)
    }
    if let waiter {
      switch await waiter.wait(for: "a frame of a WebSocket to be written") {
      case .woken: break
      case .closed: throw WebSocketOutputEnded()
      case .cancelled:
        state.withLock { state in if state.sender === waiter { state.sender = nil } }
        throw CancellationError()
      }
    }
    return key
  }

  /// Who is to be woken when the right to write is let go.
  private struct Successors {
    /// Was given the right.
    var sender: Waiter?
    /// Waited for nobody to have it.
    var drain: Waiter?
  }

  /// The control frames that are to be sent, for the holder of the right; without any it is let go.
  private func nextControls() -> [UInt8]? {
    let (bytes, successors) = state.withLock { state -> ([UInt8]?, Successors) in
      if !state.controls.isEmpty, state.phase != .broken { return (takeControls(&state), Successors()) }
      return (nil, release(&state))
    }
    wake(successors)
    return bytes
  }

  /// Lets go of the right to write.
  private func letGo(isBroken: Bool) {
    if isBroken { change(to: .broken) }
    let (mustStart, successors) = state.withLock { state -> (Bool, Successors) in
      if !state.controls.isEmpty, state.phase != .broken { return (true, Successors()) }
      return (false, release(&state))
    }
    wake(successors)
    if mustStart { writeControlsInBackground() }
  }

  /// Gives the right to the sender that waits for it, or to nobody.
  private func release(_ state: inout State) -> Successors {
    if let sender = state.sender.take() { return Successors(sender: sender) }
    state.isWriting = false
    return Successors(drain: state.drain.take())
  }

  private func wake(_ successors: Successors) {
    successors.drain?.finish(.woken)
    // Cancelled at the same instant, it does not have the right, and it is let go again.
    if let sender = successors.sender, !sender.finish(.woken) { letGo(isBroken: false) }
  }

  /// Waits until everything has been written, or nothing can be any more.
  func drain() async {
    let waiter = state.withLock { state -> Waiter? in
      guard state.isWriting, state.phase != .broken else { return nil }
      let waiter = Waiter()
      state.drain = waiter
      return waiter
    }
    await waiter?.waitUncancelled(for: "a WebSocket to have sent its last frame")
  }

  /// Which write is going on, so that it waits for the peer, unless it has begun just now; nil if none is.
  var writeGoingOn: Int? {
    state.withLock { $0.isWriting } ? writeCount.load(ordering: .relaxed) : nil
  }

  /// Whether a write that was going on has been done since.
  func hasDone(_ write: Int) -> Bool { writeCount.load(ordering: .relaxed) != write }

  // MARK: Ending

  /// Takes no more messages but those that stand in line.
  func beginClosing() { change(to: .closing) }

  /// Says that nothing can be sent any more.
  func breakOff() { change(to: .broken) }

  func change(to phase: Phase) {
    var wakeUps = WakeUps()
    let waiters = state.withLock { state -> [Waiter] in
      guard phase.rawValue > state.phase.rawValue else { return [] }
      state.phase = phase
      guard phase.rawValue >= Phase.ended.rawValue else { return [] }
      state.line.wakeAll(.closed, into: &wakeUps)
      let drain = phase == .broken ? state.drain.take() : nil
      return [state.sender.take(), drain].compactMap(\.self)
    }
    wakeUps.resume()
    for waiter in waiters { waiter.finish(.closed) }
  }
}

/// No more messages are taken.
struct WebSocketOutputEnded: Error {}
