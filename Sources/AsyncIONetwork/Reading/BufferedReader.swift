// Reading by meaning rather than by arrival: exactly n bytes, up to a separator, a line.
//
// What has come and was not asked for yet is `bytes[start...]`. Every call leaves there what it does not return: when the stream
// ends too early, when a maximum is exceeded, when the call is cancelled or a timeout ends it. So nothing is ever lost, and
// each call may be repeated, or another one tried.
//
// It belongs to one task at a time, which the compiler sees to: it is a class that is not Sendable, and needs no lock.

public import AsyncIORuntime

/// Reads a byte stream by what its protocol says: exactly n bytes, up to a separator, line by line (asyncio's
/// `StreamReader`).
///
/// ```swift
/// let reader = BufferedReader(stream, maximum: 8 * 1024)
/// for try await line in reader.lines { print(line) }
/// ```
///
/// Nothing is lost: a call that throws, for whatever reason, leaves in the buffer what it has not returned. So a read that a timeout
/// has ended may be repeated, and what was too long for one maximum can be read with another.
public final class BufferedReader<Stream: ReadableByteStream> {
  /// The stream that is read; what is in the buffer has been read from it already.
  public let stream: Stream
  /// How many bytes a message or line may have, unless a call says otherwise.
  public let maximum: Int

  /// How much is asked for at once.
  @usableFromInline static var chunk: Int { 16 * 1024 }
  /// How much is asked for at once while a large message is read.
  @usableFromInline static var largeChunk: Int { 256 * 1024 }

  @usableFromInline var bytes: [UInt8] = []
  @usableFromInline var start = 0

  /// Begins to read a stream.
  ///
  /// - Parameters:
  ///   - stream: Nobody else shall read from it.
  ///   - maximum: How many bytes a message or line may have, unless a call says otherwise. A peer cannot make the buffer
  ///     larger than that and what comes in one read.
  @inlinable
  public init(_ stream: Stream, maximum: Int = 1 << 20) {
    precondition(maximum > 0, "a reader needs a maximum of at least 1, not \(maximum)")
    self.stream = stream
    self.maximum = maximum
  }

  /// How many bytes have come and were not asked for yet.
  @inlinable
  public var bufferedCount: Int { bytes.count - start }

  // MARK: Any amount

  /// Reads what is there, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Parameter limit: How many bytes to read at most; at least 1.
  /// - Returns: At least one byte; an empty array at the end of the stream.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func read(atMost limit: Int) async throws -> [UInt8] {
    precondition(limit > 0, "read(atMost:) needs a limit of at least 1, not \(limit)")
    if bufferedCount == 0 { return try await stream.read(atMost: limit) }
    return take(min(limit, bufferedCount))
  }

  /// Reads until the end of the stream.
  ///
  /// - Parameter maximum: How many bytes to read at most.
  /// - Returns: Everything that is left.
  /// - Throws: `IOError`, with the code `overLimit` when there is more; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func readToEnd(maximum: Int) async throws -> [UInt8] {
    repeat {
      guard bufferedCount <= maximum else { throw Self.overLimit("read(toEnd)", maximum) }
    } while try await fill(Self.largeChunk)
    return take(bufferedCount)
  }

  /// Reads exactly `count` bytes (asyncio's `readexactly`).
  ///
  /// - Parameter count: 0 or more; the reader's `maximum` is not for this.
  /// - Returns: So many bytes.
  /// - Throws: `IOError`, with the code `unexpectedEnd` when the stream ends before: what has come stays in the buffer;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func read(exactly count: Int) async throws -> [UInt8] {
    precondition(count >= 0, "no fewer than 0 bytes can be read, not \(count)")
    while bufferedCount < count {
      let missing = count - bufferedCount
      if try await !fill(min(max(missing, Self.chunk), Self.largeChunk)) {
        throw Self.unexpectedEnd("read(exactly)", "\(bufferedCount) of \(count) bytes have come")
      }
    }
    return take(count)
  }

  /// Looks at the next bytes without taking them.
  ///
  /// - Parameter count: How many bytes to wait for; at most the reader's `maximum`.
  /// - Returns: So many bytes, or fewer at the end of the stream.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func peek(_ count: Int) async throws -> [UInt8] {
    precondition(
      (0...maximum).contains(count),
      "peek looks at 0 to the reader's maximum of \(maximum) bytes, not \(count)")
    while bufferedCount < count, try await fill(Self.chunk) {}
    return Array(bytes[start..<start + min(count, bufferedCount)])
  }

  /// Whether the stream has ended and all of it was read (asyncio's `at_eof`, but it waits where that is not known yet).
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func isAtEnd() async throws -> Bool {
    if bufferedCount > 0 { return false }
    return try await !fill(Self.chunk)
  }

  // MARK: The buffer

  /// Reads more into the buffer; false at the end of the stream.
  @inlinable
  func fill(_ limit: Int) async throws -> Bool {
    makeRoom()
    return try await stream.read(appendingTo: &bytes, atMost: limit) > 0
  }

  /// Drops what was taken from the front, when that is cheap.
  @inlinable
  func makeRoom() {
    if start == bytes.count {
      // Memory that only a large message needed is given back.
      bytes.removeAll(keepingCapacity: bytes.capacity <= 4 * Self.largeChunk)
      start = 0
    } else if start > bytes.count / 2 {
      // What is moved is less than what was dropped, so that each byte is moved once on the average.
      bytes.removeSubrange(..<start)
      start = 0
    }
  }

  /// Takes `count` bytes, which are there, from the front.
  @inlinable
  func take(_ count: Int) -> [UInt8] {
    defer { start += count }
    return Array(bytes[start..<start + count])
  }

  @usableFromInline
  static func overLimit(_ operation: String, _ maximum: Int) -> IOError {
    IOError(
      .overLimit, operation: operation,
      detail: "more than \(maximum) bytes have come; they stay in the buffer")
  }

  @usableFromInline
  static func unexpectedEnd(_ operation: String, _ detail: String) -> IOError {
    IOError(.unexpectedEnd, operation: operation, detail: detail)
  }
}
