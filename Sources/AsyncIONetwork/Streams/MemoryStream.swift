// Two ends of a connection that exists in memory alone.
//
// Each direction is a flow of its own (MemoryFlow.swift). An end that was closed says so in an atomic that both its
// directions look at under their locks: whoever waits at the moment of the close is woken by it, looks, and finds it closed.

import AsyncIORuntime
import Synchronization

/// A byte stream that is connected to another one in the same process, without a socket.
///
/// For tests, for parts of a program that talk to each other in bytes, and for what is put on top of a stream, such as TLS. It
/// behaves as a Unix socket does: a write that does not fit waits for the reader.
///
/// ```swift
/// let (client, server) = MemoryStream.pair()
/// try await client.write("hello")
/// try await server.read(atMost: 100)
/// ```
///
/// An end that is dropped is closed.
public final class MemoryStream: ByteStream {
  private let incoming: MemoryFlow
  private let outgoing: MemoryFlow
  private let closed = Atomic<Bool>(false)

  private init(incoming: MemoryFlow, outgoing: MemoryFlow) {
    self.incoming = incoming
    self.outgoing = outgoing
  }

  deinit { close() }

  /// Makes two ends that are connected with each other.
  ///
  /// - Parameter capacity: How many bytes each direction holds before a write waits; at least 1.
  /// - Returns: The two ends, which are alike.
  public static func pair(capacity: Int = 65_536) -> (MemoryStream, MemoryStream) {
    precondition(capacity > 0, "a pair of streams holds at least 1 byte in each direction, not \(capacity)")
    let (one, other) = (MemoryFlow(capacity: capacity), MemoryFlow(capacity: capacity))
    return (MemoryStream(incoming: one, outgoing: other), MemoryStream(incoming: other, outgoing: one))
  }

  /// Whether this end was closed or aborted.
  public var isClosed: Bool { closed.load(ordering: .acquiring) }

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    return try await incoming.read(isClosed: { isClosed }) { ring in
      var offset = 0
      return unsafe ring.remove(atMost: buffer.count) { piece in
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: piece)
        offset += piece.count
      }
    }
  }

  /// Reads what is there and appends it to `bytes`, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    precondition(limit > 0, "read(appendingTo:atMost:) needs a limit of at least 1, not \(limit)")
    return try await incoming.read(isClosed: { isClosed }) { ring in
      unsafe ring.remove(atMost: limit) { unsafe bytes.append(contentsOf: $0) }
    }
  }

  /// Writes some of `bytes`: what there is room for, and waits if there is none.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    return try await outgoing.write(isClosed: { isClosed }) { ring in
      unsafe bytes.withUnsafeBytes { unsafe ring.append($0) }
    }
  }

  /// Tells the peer that nothing more will be written; reading goes on.
  ///
  /// - Throws: `IOError` with the code `closed` when this end is closed.
  public func closeWriting() throws {
    if isClosed { throw IOError(.closed, operation: "shutdown") }
    outgoing.endWriting()
  }

  /// Closes this end: what was written can still be read, and tasks that wait here throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() {
    guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    outgoing.endWriting()
    incoming.endReading()
  }

  /// Closes this end at once: what was not read is dropped, and the peer sees a reset.
  ///
  /// Idempotent.
  public func abort() {
    guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    outgoing.breakOff()
    incoming.breakOff()
  }
}
