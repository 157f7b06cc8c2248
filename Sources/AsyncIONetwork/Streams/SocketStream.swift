// A connected stream socket: reads and writes that try at once, and wait for the poller only when the system would block.
//
// Two tasks may use one stream at a time, one for each direction. The caller's buffer is in use until the call has returned,
// which it does only after the system call: an async function of Swift cannot be dropped half-way.
//
// It is a class to inherit from and not a part of its subclasses, so that nothing here can be overridden, and so nothing is looked up: a
// read into memory and a small write are inlined into the functions that call them.

public import AsyncIORuntime
import Glibc

/// A connection over a socket: what `TCPStream` and `UnixStream` have in common.
///
/// A stream that is dropped is closed.
public class SocketStream: ByteStream, @unchecked Sendable {
  // Sendable: its only property is constant, and subclasses, all of which are in this module, add none.
  @usableFromInline package final let descriptor: Descriptor

  init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns; at least one byte.
  /// - Returns: How many bytes were read, 1 to the buffer's size; 0 when the peer has ended its side.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe @inlinable @inline(__always)
  public final func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    // Inlined, so that neither a read nor its wait has an async frame of its own.
    if isOverBudget { try await checkpoint() }
    while true {
      if let count = unsafe try readAtOnce(into: buffer) { return count }
      try await descriptor.waitUntilReady(.read, "read")
    }
  }

  @unsafe @usableFromInline
  final func readAtOnce(into buffer: UnsafeMutableRawBufferPointer) throws -> Int? {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    return unsafe try descriptor.tryReceive(into: buffer)
  }

  @usableFromInline final var isOverBudget: Bool { descriptor.isOverBudget }

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
  public final func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
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
  public final func read(atMost limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try await read(appendingTo: &bytes, atMost: limit)
    return bytes
  }

  // MARK: Ending

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// - Throws: `IOError` when the stream is closed or no longer connected.
  public final func closeWriting() throws {
    try descriptor.withNumber("shutdown") { number throws(IOError) in
      guard shutdown(number, CInt(SHUT_WR)) == 0 else {
        throw IOError(.system, errno: errno, operation: "shutdown")
      }
    }
  }

  /// Closes the stream: what was written is still sent, and tasks that wait for it throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public final func close() { descriptor.close() }

  /// Closes the stream and resets the connection: what was not sent is dropped, and the peer sees an error.
  ///
  /// Idempotent.
  public final func abort() {
    try? descriptor.withNumber("abort") { number throws(IOError) in
      var linger = linger(l_onoff: 1, l_linger: 0)
      _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }
    descriptor.close()
  }

  /// Whether the stream was closed here.
  public final var isClosed: Bool { descriptor.isClosed }

  /// Whether the peer has ended or something has arrived since the last read, as far as can be told without waiting.
  ///
  /// A connection that is kept for later and answers true is of no use any more.
  package final var hasInput: Bool {
    var byte: UInt8 = 0
    let peeked = try? descriptor.withNumber("recv") { number throws(IOError) in
      unsafe recv(number, &byte, 1, Socket.peek)
    }
    // -1 is the good case: nothing there, and not ended.
    return peeked.map { $0 >= 0 } ?? true
  }

  /// Whether something has arrived that was not read, as far as can be told without waiting.
  package final var hasUnreadInput: Bool {
    var byte: UInt8 = 0
    let peeked = try? descriptor.withNumber("recv") { number throws(IOError) in
      unsafe recv(number, &byte, 1, Socket.peek)
    }
    return peeked == 1
  }

  /// What is known of the other end.
  package enum Peer {
    case there
    /// It has ended its side; it may still read, and most have gone.
    case ended
    /// It has reset the connection, or this side is closed.
    case gone
  }

  /// What is known of the other end without waiting, whatever waits to be read.
  package final var peer: Peer {
    // POLLRDHUP: the peer has shut down its writing (poll(2)); the overlay does not show it.
    let hangUp: CShort = 0x2000
    let events = try? descriptor.withNumber("poll") { number throws(IOError) in
      var entry = pollfd(fd: number, events: hangUp, revents: 0)
      return unsafe poll(&entry, 1, 0) > 0 ? entry.revents : 0
    }
    guard let events else { return .gone }
    if events & CShort(POLLERR | POLLHUP) != 0 { return .gone }
    return events & hangUp != 0 ? .ended : .there
  }
}
