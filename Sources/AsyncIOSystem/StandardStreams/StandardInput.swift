public import AsyncIONetwork
import AsyncIORuntime

/// What the program is given as its standard input.
///
/// ```swift
/// for try await line in standardInput.lines { print(line.uppercased()) }
/// ```
public let standardInput = StandardInput(0)

/// The standard input of the program; there is one, `standardInput`.
///
/// Reading waits without blocking the loop, whether it is a terminal, a pipe, a socket or a file, and leaves its modes as they are.
/// A terminal gives a line at a time, edited by its user; its end (Ctrl-D) ends one read, and another may follow. What C
/// functions or `readLine` have read ahead is not seen here. One task reads at a time.
public final class StandardInput: ReadableByteStream {
  private let channel: StandardChannel

  /// Makes one of another descriptor, which stays open, for tests.
  package init(_ number: CInt) { channel = StandardChannel(number, isInput: true, "standard input") }

  /// Reads what is there into `buffer`, and waits if nothing is.
  ///
  /// - Parameter buffer: Memory that stays valid until this returns; at least one byte.
  /// - Returns: How many bytes were read; 0 at the end.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated. A read of a file that has begun is awaited and given.
  @unsafe
  public func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    precondition(buffer.count > 0, "read(into:) needs room for at least one byte")
    return unsafe try await channel.read(into: buffer)
  }

  /// Gives the standard input up; later reads throw `IOError` with the code `closed`.
  ///
  /// Idempotent.
  public func close() { channel.close() }

  /// As `close`.
  public func abort() { close() }

  /// Whether it was given up.
  public var isClosed: Bool { channel.isClosed }
}
