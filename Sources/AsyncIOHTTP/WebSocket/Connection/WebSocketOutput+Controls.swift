// Control frames: pings, pongs and the close frame. They wait in `controls`, under the output's lock, for whoever has the right to
// write; where nobody has it, it is taken for them, by a task of their own.

import AsyncIORuntime
import Synchronization

extension WebSocketOutput {
  /// The control frames that are to be sent.
  struct Controls {
    /// The last ping: whoever waits for the answer to an older one is content with its answer.
    var ping: [UInt8]?
    /// The answer to the last ping: an older one needs none (RFC 6455 §5.5.3).
    var pong: [UInt8]?
    var close: [UInt8]?
    /// After a close frame nothing is sent.
    var isClosed = false

    var isEmpty: Bool { ping == nil && pong == nil && close == nil }
  }

  /// Answers a ping.
  func pong(_ payload: [UInt8]) { control { $0.pong = payload } }

  /// Sends a ping, of those that were not sent yet the one with the highest number; one without a number comes before all.
  func ping(_ payload: [UInt8]) {
    control { controls in
      if let other = controls.ping, !other.lexicographicallyPrecedes(payload) { return }
      controls.ping = payload
    }
  }

  /// Sends the close frame, after which nothing is sent, and takes no more messages; those who stand in line are told so.
  ///
  /// In this order: whoever writes may take the frame as soon as it is there, and must not begin another one after it.
  func close(_ payload: [UInt8]) {
    change(to: .ended)
    control { $0.close = payload }
  }

  private func control(_ body: (inout Controls) -> Void) {
    let mustStart = state.withLock { state in
      guard state.phase != .broken, !state.controls.isClosed, state.controls.close == nil else {
        return false
      }
      body(&state.controls)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { writeControlsInBackground() }
  }

  /// Takes the frames that are to be sent, for the holder of the right to write.
  func takeControls(_ state: inout State) -> [UInt8] {
    var frames: [(WebSocketOpcode, [UInt8])] = []
    if let pong = state.controls.pong.take() { frames.append((.pong, pong)) }
    if let ping = state.controls.ping.take() { frames.append((.ping, ping)) }
    if let close = state.controls.close.take() {
      frames.append((.close, close))
      state.controls.isClosed = true
    }
    var bytes: [UInt8] = []
    for (opcode, payload) in frames {
      // Under the lock for the same reason as in `takeRight`.
      let key = isMasking ? state.keys.next() : nil
      WebSocketFrameHeader(opcode: opcode, length: payload.count, mask: key).append(
        with: payload[...], to: &bytes)
    }
    return bytes
  }

  /// Writes them in a task that has the right to.
  func writeControlsInBackground() {
    var sending = Sending()
    sending.mayWrite = true
    sending.isCommitted = true
    finishInBackground(sending, endsTurn: false)
  }
}
