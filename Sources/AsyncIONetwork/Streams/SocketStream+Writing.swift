// Writing to a socket: from an array, from memory, and from several pieces with one system call.

import AsyncIORuntime
import Glibc

extension SocketStream {
  /// Writes some of `bytes`: what the system has room for, and waits if it has none.
  ///
  /// - Parameter bytes: At least one.
  /// - Returns: How many bytes were taken from the front; at least 1.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public final func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      if let count = unsafe try bytes.withUnsafeBytes({ unsafe try descriptor.trySend($0) }) { return count }
      try await descriptor.waitUntilReady(.write, "write")
    }
  }

  /// Writes what the system takes without waiting: all of a small message, as a rule, without an async frame.
  ///
  /// - Returns: How many bytes were taken from the front; perhaps none, also where others must have a turn first.
  /// - Throws: `IOError`; `CancellationError`.
  package final func writeAtOnce(_ bytes: [UInt8]) throws -> Int {
    if descriptor.isOverBudget { return 0 }
    return unsafe try bytes.withUnsafeBytes { unsafe try descriptor.trySend($0) } ?? 0
  }

  /// Writes all of `bytes`, and waits whenever the system has no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; `write(_:progress:)` says how many.
  public final func write(_ bytes: [UInt8]) async throws {
    try await write(bytes[...])
  }

  /// Writes all of `bytes`, and waits whenever the system has no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  public final func write(_ bytes: ArraySlice<UInt8>) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    var rest = bytes
    while !rest.isEmpty {
      if let count = unsafe try rest.withUnsafeBytes({ unsafe try descriptor.trySend($0) }) {
        rest = rest.dropFirst(count)
      } else {
        try await descriptor.waitUntilReady(.write, "write")
      }
    }
  }

  /// Writes all of `bytes`, and waits whenever the system has no room for more.
  ///
  /// - Parameter bytes: Memory that stays valid and unchanged until this returns.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @unsafe @inlinable
  public final func write(_ bytes: UnsafeRawBufferPointer) async throws {
    // Inlined, so that a message that the system takes at once costs no async frame.
    let count = unsafe try writeAtOnce(bytes)
    if count < bytes.count {
      unsafe try await writeAll(UnsafeRawBufferPointer(rebasing: bytes[count...]))
    }
  }

  @unsafe @usableFromInline
  final func writeAtOnce(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    if unsafe bytes.isEmpty || descriptor.isOverBudget { return 0 }
    return unsafe try descriptor.trySend(bytes) ?? 0
  }

  @unsafe @usableFromInline
  final func writeAll(_ bytes: UnsafeRawBufferPointer) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    var rest = unsafe bytes
    while unsafe !rest.isEmpty {
      if let count = unsafe try descriptor.trySend(rest) {
        unsafe rest = unsafe UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else {
        try await descriptor.waitUntilReady(.write, "write")
      }
    }
  }

  /// Writes all of several pieces with as few system calls as possible (asyncio's `writelines`).
  ///
  /// - Parameter parts: In order; they may be empty.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  public final func write(parts: [[UInt8]]) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    var rest = GatheredParts(parts)
    while !rest.isEmpty {
      if let count = unsafe try rest.withVectors({ vectors in unsafe try trySend(vectors) }) {
        rest.removeFirst(count)
      } else {
        try await descriptor.waitUntilReady(.write, "write")
      }
    }
  }

  private final func trySend(_ vectors: UnsafeMutableBufferPointer<iovec>) throws -> Int? {
    var message = unsafe msghdr()
    unsafe message.msg_iov = vectors.baseAddress
    unsafe message.msg_iovlen = vectors.count
    return try descriptor.attempt(.write, "write") { number in
      unsafe sendmsg(number, &message, CInt(MSG_NOSIGNAL))
    } isDrained: { _ in
      false
    }
  }
}
