public import HTTPTypes

/// Writes the body of a response piece by piece.
///
/// Each piece is sent when it is written, the first with the head. Writing waits while the client is slower.
public final class HTTPResponseWriter {
  private enum State {
    /// Pieces may be written; with a length, this many bytes are to come. Goes to `ended`.
    case open(remaining: Int?)
    /// The body has ended.
    case ended
  }

  /// Fields that follow the body; sent only where the body is sent in chunks.
  public var trailers: HTTPFields = [:]

  private let connection: HTTPServerConnection
  private let framing: HTTPBodyFraming
  private var state: State

  init(_ connection: HTTPServerConnection, _ framing: HTTPBodyFraming) {
    self.connection = connection
    self.framing = framing
    if case .contentLength(let length) = framing {
      state = .open(remaining: length)
    } else {
      state = .open(remaining: nil)
    }
  }

  /// Sends the head, if it was not sent yet, without waiting for the first piece.
  ///
  /// - Throws: `IOError` when the connection was lost; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the response incomplete; the connection is cut when the body's closure throws.
  public func flush() async throws { try await connection.flush() }

  /// Writes a piece of the body.
  ///
  /// - Parameter bytes: the piece; nothing is sent for an empty one.
  /// - Throws: ``HTTPServerError`` when more is written than was announced, or after the body's end; `IOError` when the
  ///   connection was lost; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the response incomplete; the connection is cut when the body's closure throws.
  public func write(_ bytes: [UInt8]) async throws {
    guard case .open(let remaining) = state else { throw HTTPServerError.bodyEnded() }
    guard !bytes.isEmpty else { return }
    if let remaining {
      guard bytes.count <= remaining else { throw HTTPServerError.bodyTooLong(bytes.count - remaining) }
      state = .open(remaining: remaining - bytes.count)
    }
    guard framing == .chunked else { return try await connection.write(bytes) }
    HTTPEncoder.appendChunkStart(bytes.count, to: &connection.output)
    try await connection.write(bytes, isChunk: true)
  }

  /// Writes a piece of the body, as UTF-8.
  ///
  /// - Parameter text: the piece.
  /// - Throws: as `write` of bytes.
  ///
  /// ## Cancellation
  /// As for `write` of bytes.
  public func write(_ text: String) async throws { try await write(Array(text.utf8)) }

  /// Ends the body.
  func finish() async throws {
    guard case .open(let remaining) = state else { return }
    if let remaining, remaining > 0 { throw HTTPServerError.bodyTooShort(remaining) }
    state = .ended
    if framing == .chunked { try HTTPEncoder.appendLastChunk(trailers: trailers, to: &connection.output) }
    try await connection.flush()
  }

  /// Takes no more pieces.
  func end() { state = .ended }
}
