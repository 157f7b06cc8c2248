// Messages that end with a separator, and lines.

extension BufferedReader {
  /// Reads up to and including a separator (asyncio's `readuntil`).
  ///
  /// ```swift
  /// let head = try await reader.read(until: Array("\r\n\r\n".utf8))
  /// ```
  ///
  /// - Parameters:
  ///   - separator: At least one byte.
  ///   - maximum: How many bytes there may be with the separator; the reader's `maximum` if nil.
  /// - Returns: The bytes, the separator being the last of them.
  /// - Throws: `IOError`, with the code `overLimit` when no separator comes within the maximum and `unexpectedEnd` when the
  ///   stream ends before: in both cases what has come stays in the buffer; `CancellationError`.
  /// - Complexity: O(n): no byte is searched twice in one call.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func read(until separator: [UInt8], maximum: Int? = nil) async throws -> [UInt8] {
    precondition(!separator.isEmpty, "a separator has at least one byte")
    let maximum = maximum ?? self.maximum
    guard let count = try await find(separator, within: maximum) else {
      throw Self.unexpectedEnd("read(until:)", "\(bufferedCount) bytes have come, and no separator")
    }
    return take(count)
  }

  /// Reads one line, which ends with a line feed, with or without a carriage return before it (asyncio's `readline`).
  ///
  /// - Parameter maximum: How many bytes the line may have with its end; the reader's `maximum` if nil.
  /// - Returns: The line without its end; what there is after the last line feed; nil at the end of the stream.
  /// - Throws: `IOError`, with the code `overLimit` when the line is longer: it stays in the buffer; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func readLineBytes(maximum: Int? = nil) async throws -> [UInt8]? {
    let maximum = maximum ?? self.maximum
    if let count = try await find(ByteSearch.lineFeed, within: maximum) {
      defer { start += count }
      var end = start + count - 1
      if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      return Array(bytes[start..<end])
    }
    return bufferedCount == 0 ? nil : take(bufferedCount)
  }

  /// Reads one line as text; bytes that are no UTF-8 become replacement characters.
  ///
  /// - Parameter maximum: How many bytes the line may have with its end; the reader's `maximum` if nil.
  /// - Returns: The line without its end; what there is after the last line feed; nil at the end of the stream.
  /// - Throws: As `readLineBytes`.
  ///
  /// ## Cancellation
  /// Nothing is lost; the call may be repeated.
  @inlinable
  public func readLine(maximum: Int? = nil) async throws -> String? {
    let maximum = maximum ?? self.maximum
    if let count = try await find(ByteSearch.lineFeed, within: maximum) {
      defer { start += count }
      var end = start + count - 1
      if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      return String(decoding: bytes[start..<end], as: UTF8.self)
    }
    guard bufferedCount > 0 else { return nil }
    return String(decoding: take(bufferedCount), as: UTF8.self)
  }

  /// How many bytes there are up to the end of the first separator, which it waits for; nil at the end of the stream.
  ///
  /// - Throws: `IOError` with the code `overLimit` when they are more than `maximum`.
  @inlinable
  func find(_ separator: [UInt8], within maximum: Int) async throws -> Int? {
    var searched = 0
    while true {
      if let end = ByteSearch.end(of: separator, in: bytes, from: start + searched) {
        let count = end - start
        guard count <= maximum else { throw Self.overLimit("read(until:)", maximum) }
        return count
      }
      guard bufferedCount < maximum else { throw Self.overLimit("read(until:)", maximum) }
      // What is left of a separator may come with the next bytes.
      searched = max(0, bufferedCount - separator.count + 1)
      if try await !fill(Self.chunk) { return nil }
    }
  }

  /// The lines of the rest of the stream, without their ends.
  ///
  /// ```swift
  /// for try await line in reader.lines { print(line) }
  /// ```
  ///
  /// A line that is longer than the reader's `maximum` makes it throw, and stays in the buffer.
  @inlinable
  public var lines: BufferedLines<Stream> { BufferedLines(reader: self) }
}

/// The lines of a stream.
public struct BufferedLines<Stream: ReadableByteStream>: AsyncSequence {
  /// A line as text, without its end.
  public typealias Element = String
  /// What reading throws.
  public typealias Failure = any Error

  @usableFromInline let reader: BufferedReader<Stream>

  @inlinable
  init(reader: BufferedReader<Stream>) { self.reader = reader }

  /// Makes an iterator, which takes lines from the reader that it was made of.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

  /// Gives lines until the stream has ended.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let reader: BufferedReader<Stream>

    @inlinable
    init(reader: BufferedReader<Stream>) { self.reader = reader }

    /// The next line; nil at the end of the stream.
    ///
    /// - Throws: `IOError`; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing is lost; the next call gives the line.
    @inlinable
    public nonisolated(nonsending) mutating func next(
      isolation: (any Actor)? = #isolation
    ) async throws(any Error) -> String? {
      try await reader.readLine()
    }
  }
}
