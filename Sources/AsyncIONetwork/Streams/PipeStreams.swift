// Pipes: one direction each, read and written with the calls for files, as sockets' calls do not know them.
//
// Writing to a pipe that nobody reads raises a signal, and there is no flag against it: so the first writer gives the process a
// handler that does nothing, unless it has one. Children inherit no handlers.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// Makes a pipe: what is written to the one end is read from the other.
///
/// ```swift
/// let (reader, writer) = try makePipe()
/// ```
///
/// - Returns: Both ends, closed in programs that are started from here.
/// - Throws: `IOError` when the system has no descriptors left.
public func makePipe() throws -> (reader: PipeReader, writer: PipeWriter) {
  var (readerNumber, writerNumber): (CInt, CInt) = (-1, -1)
  let outcome = unsafe casyncio_pipe(&readerNumber, &writerNumber)
  guard outcome == 0 else { throw IOError(.system, errno: errno, operation: "pipe") }
  let reader: PipeReader
  do {
    reader = try PipeReader(adopting: readerNumber)
  } catch {
    Glibc.close(writerNumber)
    throw error
  }
  return (reader, try PipeWriter(adopting: writerNumber))
}

/// The end of a pipe, or a terminal, that is read (asyncio's `connect_read_pipe`).
///
/// One that is dropped is closed.
public final class PipeReader: ReadableByteStream {
  private let descriptor: Descriptor

  /// Takes over a descriptor that can be polled: of a pipe, a socket or a terminal.
  ///
  /// It is made non-blocking, and this object closes it, also when this throws.
  ///
  /// - Throws: `IOError`, with `EPERM` for a regular file.
  public init(adopting number: CInt) throws { descriptor = try Descriptor(adopting: number) }

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      // A terminal gives a line at a time, so that less than asked does not mean that nothing is left.
      let count = try descriptor.attempt(.read, "read") { number in
        unsafe Glibc.read(number, buffer.baseAddress, buffer.count)
      } isDrained: { _ in
        false
      }
      if let count { return count }
      try await descriptor.waitUntilReady(.read, "read")
    }
  }

  /// Whether it was closed here.
  public var isClosed: Bool { descriptor.isClosed }

  /// Closes it: a task that waits for it throws `IOError` with the code `closed`, and whoever writes sees `EPIPE`.
  ///
  /// Idempotent.
  public func close() { descriptor.close() }

  /// As `close`.
  public func abort() { descriptor.close() }
}

/// The end of a pipe, or a terminal, that is written (asyncio's `connect_write_pipe`).
///
/// One that is dropped is closed.
public final class PipeWriter: WritableByteStream {
  private let descriptor: Descriptor
  private static let survival: Void = casyncio_survive_broken_pipes()

  /// Takes over a descriptor that can be polled: of a pipe, a socket or a terminal.
  ///
  /// It is made non-blocking, and this object closes it, also when this throws.
  ///
  /// - Throws: `IOError`, with `EPERM` for a regular file.
  public init(adopting number: CInt) throws {
    Self.survival
    descriptor = try Descriptor(adopting: number)
  }

  /// Writes some of `bytes`: what the pipe has room for, and waits if it has none.
  ///
  /// - Throws: `IOError`, with `EPIPE` when nobody reads; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      let count = unsafe try bytes.withUnsafeBytes { bytes in
        try descriptor.attempt(.write, "write") { number in
          unsafe Glibc.write(number, bytes.baseAddress, bytes.count)
        } isDrained: { _ in
          false
        }
      }
      if let count { return count }
      try await descriptor.waitUntilReady(.write, "write")
    }
  }

  /// Closes it: a pipe has nothing else to end.
  public func closeWriting() { descriptor.close() }

  /// Whether it was closed here.
  public var isClosed: Bool { descriptor.isClosed }

  /// Closes it: what was written can still be read.
  ///
  /// Idempotent.
  public func close() { descriptor.close() }

  /// As `close`: what is in a pipe cannot be taken back.
  public func abort() { descriptor.close() }
}

extension Descriptor {
  /// Takes over a number that somebody else has made, and makes it non-blocking.
  convenience init(adopting number: CInt) throws(IOError) {
    let flags = fcntl(number, F_GETFL)
    guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else {
      let failure = errno
      if failure != EBADF { Glibc.close(number) }
      throw IOError(.system, errno: failure, operation: "fcntl")
    }
    try self.init(number)
  }
}
