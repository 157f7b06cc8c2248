/// The body of a streamed response, in pieces as they come.
///
/// The next piece is read when it is asked for: a server that is faster than the reader waits. It can be gone through once.
///
/// ```swift
/// try await session.stream(request) { response in
///   for try await piece in response.body { try file.write(piece) }
/// }
/// ```
public struct HTTPResponseBody: AsyncSequence, Sendable {
  /// A piece of the body; never empty.
  public typealias Element = [UInt8]

  enum Source: Sendable {
    case stream(HTTPResponseStream)
    /// Of a middleware that has answered by itself.
    case bytes([UInt8])
  }

  let source: Source

  /// Goes through the pieces of a body.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var source: Source?

    init(_ source: Source) { self.source = source }

    /// Reads the next piece.
    ///
    /// - Returns: the piece, or nil after the last one.
    /// - Throws: ``HTTPError`` when the connection was lost or the scope of the response has ended; ``HTTPCodecError`` for
    ///   bad framing or an early end; `TimeoutError`; `CancellationError`.
    ///
    /// ## Cancellation
    /// Closes the connection; nothing more can be read.
    public mutating func next() async throws -> [UInt8]? {
      switch source {
      case .stream(let stream): return try await stream.next()
      case .bytes(let bytes):
        source = nil
        return bytes.isEmpty ? nil : bytes
      case nil: return nil
      }
    }
  }

  /// An iterator; those of one body share what is there.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source) }

  /// Reads what is left.
  ///
  /// - Parameter limit: how many bytes are read at most.
  /// - Returns: the bytes together.
  /// - Throws: ``HTTPBodyLimitError`` if there are more; as the iteration.
  ///
  /// ## Cancellation
  /// As for the iteration.
  public func collect(upTo limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in self {
      guard piece.count <= limit - bytes.count else { throw HTTPBodyLimitError(limit: limit) }
      bytes += piece
    }
    return bytes
  }

  /// The body's lines, without their ends, which may be LF or CRLF; for logs, JSON lines and the like.
  ///
  /// - Parameter limit: the length of the longest line that is read, in bytes.
  /// - Returns: the lines, to be gone through once.
  public func lines(upTo limit: Int = 1024 * 1024) -> HTTPBodyLines {
    HTTPBodyLines(body: self, limit: limit)
  }
}

/// More came than was allowed.
public struct HTTPBodyLimitError: Error, Hashable, Sendable, CustomStringConvertible {
  /// How many bytes were allowed.
  public let limit: Int

  /// A sentence with the limit.
  public var description: String { "more than the \(limit) bytes came that are allowed here" }
}

/// The lines of a streamed body.
public struct HTTPBodyLines: AsyncSequence, Sendable {
  /// A line without its end.
  public typealias Element = String

  let body: HTTPResponseBody
  let limit: Int

  /// Goes through the lines of a body.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var pieces: HTTPResponseBody.AsyncIterator
    private let limit: Int
    private var buffer: [UInt8] = []
    /// Where the first line that was not given out begins, and up to where no end of it was found.
    private var start = 0
    private var searched = 0
    private var isAtEnd = false

    init(_ body: HTTPResponseBody, limit: Int) {
      pieces = body.makeAsyncIterator()
      self.limit = limit
    }

    /// Reads the next line.
    ///
    /// - Returns: the line, or nil after the last one.
    /// - Throws: ``HTTPBodyLimitError`` for a line that is too long; as `HTTPResponseBody`.
    ///
    /// ## Cancellation
    /// As for `HTTPResponseBody`.
    public mutating func next() async throws -> String? {
      while true {
        if let end = buffer[searched...].firstIndex(of: .lineFeed) {
          defer {
            start = end + 1
            searched = start
          }
          return try line(upTo: end)
        }
        searched = buffer.count
        guard !isAtEnd else {
          defer { start = buffer.count }
          return start < buffer.count ? try line(upTo: buffer.count) : nil
        }
        guard buffer.count - start <= limit else { throw HTTPBodyLimitError(limit: limit) }
        buffer.removeSubrange(..<start)
        (start, searched) = (0, buffer.count)
        if let piece = try await pieces.next() { buffer += piece } else { isAtEnd = true }
      }
    }

    private func line(upTo end: Int) throws -> String {
      var line = buffer[start..<end]
      if line.last == .carriageReturn { line.removeLast() }
      guard line.count <= limit else { throw HTTPBodyLimitError(limit: limit) }
      return String(decoding: line, as: UTF8.self)
    }
  }

  /// An iterator; those of one body share what is there.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body, limit: limit) }
}
