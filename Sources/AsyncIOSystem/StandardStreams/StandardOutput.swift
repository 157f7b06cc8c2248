// Writes stand in line at a lock, so that those of several tasks do not mix.

import AsyncIOCoordination
public import AsyncIONetwork
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// What the program writes to as its standard output.
///
/// ```swift
/// try await standardOutput.write("ready\n")
/// ```
public let standardOutput = StandardOutput(1)

/// What the program writes to as its standard error.
public let standardError = StandardOutput(2)

/// The standard output or the standard error of the program; there are `standardOutput` and `standardError`.
///
/// A write returns when the system has taken all of it; a reader that is slow does not block the loop. Nothing is buffered here.
/// What `print` has buffered is written first, so that both may be used. A reader that has gone is an error
/// (`EPIPE`) and not a signal. The modes of the descriptor stay as they are. The writes of several tasks do not mix.
public final class StandardOutput: WritableByteStream {
  private let channel: StandardChannel
  private let turn = AsyncLock()
  private let followsPrint: Bool

  /// Makes one of another descriptor, which stays open, for tests.
  package init(_ number: CInt) {
    channel = StandardChannel(number, isInput: false, number == 2 ? "standard error" : "standard output")
    followsPrint = number == STDOUT_FILENO
  }

  /// Writes some of `bytes`: what there is room for, and waits if there is none.
  ///
  /// - Parameter bytes: At least one.
  /// - Returns: How many bytes were taken from the front; at least 1.
  /// - Throws: `IOError`, with `EPIPE` when nobody reads any more; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been written when it throws; the call may be repeated.
  public func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    precondition(!bytes.isEmpty, "writeSome needs at least one byte")
    return try await turn.withLock {
      try await writePrinted()
      return try await channel.write(bytes)
    }
  }

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `IOError`, with `EPIPE` when nobody reads any more; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await turn.withLock {
      try await writePrinted()
      var rest = bytes
      while !rest.isEmpty { rest = rest.dropFirst(try await channel.write(rest)) }
    }
  }

  private func writePrinted() async throws {
    guard followsPrint, casyncio_buffered_output() > 0 else { return }
    try await withBlocking { casyncio_write_buffered_output() }
  }

  /// As `close`: nothing is told to a reader but the end.
  public func closeWriting() { close() }

  /// Gives the stream up: its reader comes to the end, and later writes throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { channel.close() }

  /// As `close`.
  public func abort() { close() }

  /// Whether it was given up.
  public var isClosed: Bool { channel.isClosed }
}
