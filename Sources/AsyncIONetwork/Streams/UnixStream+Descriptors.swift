// Passing open descriptors to another process (SCM_RIGHTS).
//
// The kernel attaches them to the first byte of what is sent with them, and a read never goes past bytes that have
// descriptors: so they arrive with their bytes. Those that come to a plain `read` are closed by the kernel.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

extension UnixStream {
  /// The most descriptors that go with one message.
  public static let maximumDescriptors = 253

  /// Writes `bytes`, with copies of open descriptors.
  ///
  /// ```swift
  /// try await stream.write(Array("log file".utf8), passing: [logFile])
  /// ```
  ///
  /// - Parameters:
  ///   - bytes: At least one, as the descriptors travel with the first.
  ///   - descriptors: At most 253; they stay open here, and may be closed when this has returned.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes, and then all of the descriptors, may have been sent when it throws.
  public func write(_ bytes: [UInt8], passing descriptors: [CInt]) async throws {
    precondition(!bytes.isEmpty, "descriptors are passed with at least one byte")
    precondition(
      descriptors.count <= Self.maximumDescriptors,
      "at most \(Self.maximumDescriptors) descriptors are passed at once, not \(descriptors.count)")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      let count = try trySend(bytes, descriptors)
      if let count { return try await write(bytes[count...]) }
      try await descriptor.waitUntilReady(.write, "sendmsg")
    }
  }

  private func trySend(_ bytes: [UInt8], _ descriptors: [CInt]) throws -> Int? {
    unsafe try bytes.withUnsafeBytes { bytes in
      unsafe try descriptors.withUnsafeBufferPointer { descriptors in
        try descriptor.attempt(.write, "sendmsg") { number in
          unsafe casyncio_send_descriptors(
            number, bytes.baseAddress, UInt(bytes.count), descriptors.baseAddress, UInt(descriptors.count))
        } isDrained: { _ in
          false
        }
      }
    }
  }

  /// Reads what is there, with the descriptors that came with it; waits if nothing is there.
  ///
  /// - Parameters:
  ///   - limit: How many bytes to read at most; at least 1.
  ///   - maximumDescriptors: How many descriptors to take at most, up to 253. If more come the call fails with `EMSGSIZE`, and
  ///     all of them are closed: nobody can fill this process's table.
  /// - Returns: The bytes, none at the end of the stream, and the descriptors, which are the caller's to close; they are closed in
  ///   programs that are started from here.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(
    atMost limit: Int, maximumDescriptors: Int
  ) async throws -> (bytes: [UInt8], descriptors: [CInt]) {
    precondition(limit > 0, "read(atMost:maximumDescriptors:) needs a limit of at least 1, not \(limit)")
    precondition(
      (0...Self.maximumDescriptors).contains(maximumDescriptors),
      "0 to \(Self.maximumDescriptors) descriptors can be received at once, not \(maximumDescriptors)")
    if descriptor.isOverBudget { try await checkpoint() }
    var bytes = [UInt8](repeating: 0, count: limit)
    var numbers = [CInt](repeating: -1, count: maximumDescriptors)
    while true {
      var found = UInt(maximumDescriptors)
      let count = try descriptor.attempt(.read, "recvmsg") { number in
        unsafe casyncio_receive_descriptors(number, &bytes, UInt(limit), &numbers, &found)
      } isDrained: { _ in
        false
      }
      if let count { return (Array(bytes[..<count]), Array(numbers[..<Int(found)])) }
      try await descriptor.waitUntilReady(.read, "recvmsg")
    }
  }
}
