// The two system calls of the hot path, tried once.
//
// They are here rather than with the streams, so that the attempt becomes one function without closures: across modules
// nothing is inlined.

import Glibc

extension Descriptor {
  /// Whether an attempt to receive may bring something.
  package var mayReceive: Bool { ReadinessWord.isReady(readiness(.read)) }

  /// Receives what is there, without waiting.
  ///
  /// - Parameter buffer: At least one byte.
  /// - Returns: How many bytes were received, 0 at the end of the stream; nil if nothing is there: then wait to read.
  /// - Throws: `IOError` when the call fails; `CancellationError`.
  package func tryReceive(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    try attempt(.read, "read") { number in
      unsafe recv(number, buffer.baseAddress, buffer.count, 0)
    } isDrained: {
      // Less than there was room for: the socket is empty, and the next read may wait at once.
      $0 < buffer.count && $0 > 0
    }
  }

  /// Sends as much as the system takes, without waiting.
  ///
  /// - Parameter bytes: What to send.
  /// - Returns: How many bytes were taken; nil if none can be now: then wait to write.
  /// - Throws: `IOError` when the call fails; `CancellationError`.
  package func trySend(_ bytes: UnsafeRawBufferPointer) throws -> Int? {
    // Whether there is room for more after a part was taken, only the system can tell: the next attempt asks it.
    try attempt(.write, "write") { number in
      // Writing to a connection that the peer has closed is to be an error and not a signal.
      unsafe send(number, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
    } isDrained: { _ in
      false
    }
  }
}
