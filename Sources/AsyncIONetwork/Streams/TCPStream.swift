// A TCP connection: reads and writes that try at once, and wait for the poller only when the system would block.
//
// Two tasks may use one stream at a time, one for each direction. The caller's buffer is in use until the call has returned,
// which it does only after the system call: an async function of Swift cannot be dropped half-way.

import AsyncIORuntime
import Glibc

/// A TCP connection.
///
/// ```swift
/// let stream = try await TCPStream.connect(host: "localhost", port: 7)
/// try await stream.write(Array("hello".utf8))
/// let answer = try await stream.read(atMost: 1024)
/// stream.close()
/// ```
///
/// A stream that is dropped is closed.
public final class TCPStream: Sendable {
  private let descriptor: Descriptor

  init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// The address of this end.
  ///
  /// - Throws: `IOError` when the stream is closed.
  public var localAddress: SocketAddress { get throws { try Socket.localAddress(descriptor) } }

  /// The address of the other end.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected.
  public var remoteAddress: SocketAddress { get throws { try Socket.remoteAddress(descriptor) } }

  // MARK: Reading

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns; at least one byte.
  /// - Returns: How many bytes were read, 1 to the buffer's size; 0 when the peer has ended its side.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      if let count = unsafe try descriptor.tryReceive(into: buffer) { return count }
      try await descriptor.waitUntilReady(.read, "read")
    }
  }

  /// Reads what is there and appends it to `bytes`, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Parameters:
  ///   - bytes: Grows by what was read.
  ///   - limit: How many bytes to read at most; at least 1.
  /// - Returns: How many bytes were appended; 0 when the peer has ended its side.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    precondition(limit > 0, "read(appendingTo:atMost:) needs a limit of at least 1, not \(limit)")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      // As long as there is nothing to read, no memory is taken for it.
      guard descriptor.mayReceive else {
        try await descriptor.waitUntilReady(.read, "read")
        continue
      }
      var count: Int?
      // The array's memory is borrowed for the system call alone, never across a suspension.
      try bytes.append(addingCapacity: limit) { span in
        unsafe try span.withUnsafeMutableBufferPointer { buffer, initialized in
          let room = unsafe UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[initialized...]))
          count = unsafe try descriptor.tryReceive(
            into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(limit)))
          initialized += count ?? 0
        }
      }
      if let count { return count }
    }
  }

  /// Reads what is there, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Parameter limit: How many bytes to read at most; at least 1.
  /// - Returns: At least one byte; an empty array when the peer has ended its side.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(atMost limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try await read(appendingTo: &bytes, atMost: limit)
    return bytes
  }

  // MARK: Writing

  /// Writes all of `bytes`, and waits whenever the system has no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; the stream is of no further use for a protocol with framing.
  public func write(_ bytes: [UInt8]) async throws {
    try await write(bytes[...])
  }

  /// Writes all of `bytes`, and waits whenever the system has no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
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
  @unsafe
  public func write(_ bytes: UnsafeRawBufferPointer) async throws {
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

  // MARK: Ending

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected.
  public func closeWriting() throws {
    try descriptor.withNumber("shutdown") { number throws(IOError) in
      guard shutdown(number, CInt(SHUT_WR)) == 0 else {
        throw IOError(.system, errno: errno, operation: "shutdown")
      }
    }
  }

  /// Closes the stream: what was written is still sent, and tasks that wait for it throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { descriptor.close() }

  /// Closes the stream and resets the connection: what was not sent is dropped, and the peer sees an error.
  ///
  /// Idempotent.
  public func abort() {
    try? descriptor.withNumber("abort") { number throws(IOError) in
      var linger = linger(l_onoff: 1, l_linger: 0)
      _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }
    descriptor.close()
  }

  /// Whether the stream was closed here.
  public var isClosed: Bool { descriptor.isClosed }

  /// Whether the peer has ended or something has arrived since the last read, as far as can be told without waiting.
  ///
  /// A connection that is kept for later and answers true is of no use any more.
  package var hasInput: Bool {
    var byte: UInt8 = 0
    let peeked = try? descriptor.withNumber("recv") { number throws(IOError) in
      unsafe recv(number, &byte, 1, Socket.peek)
    }
    // -1 is the good case: nothing there, and not ended.
    return peeked.map { $0 >= 0 } ?? true
  }
}

extension TCPStream: CustomStringConvertible {
  /// Both addresses, such as `TCPStream(127.0.0.1:4711 → 127.0.0.1:80)`.
  public var description: String {
    guard let local = try? localAddress, let remote = try? remoteAddress else { return "TCPStream(closed)" }
    return "TCPStream(\(local) → \(remote))"
  }
}
