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

  /// How long the body is so far.
  private(set) var count = 0
  /// What the pieces pass through on their way, if they are compressed.
  var compressor: ZlibCompressor?
  let sink: any HTTPByteSink
  private let framing: HTTPBodyFraming
  private var state: State
  /// What goes out with the next piece: the head, and the framing of chunks.
  private var output: [UInt8]

  init(_ sink: any HTTPByteSink, _ framing: HTTPBodyFraming, head: [UInt8]) {
    self.sink = sink
    self.framing = framing
    output = head
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
  public func flush() async throws {
    guard !output.isEmpty else { return }
    let bytes = output
    output = []
    try await sink.write(bytes)
  }

  /// Writes a piece of the body.
  ///
  /// - Parameter bytes: the piece; nothing is sent for an empty one.
  /// - Throws: ``HTTPServerError`` when more is written than was announced, or after the body's end; `IOError` when the
  ///   connection was lost; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the response incomplete; the connection is cut when the body's closure throws.
  public func write(_ bytes: [UInt8]) async throws {
    guard case .open = state else { throw HTTPServerError.bodyEnded() }
    guard !bytes.isEmpty else { return }
    try await send(compressor?.compress(bytes, .sync) ?? bytes)
  }

  /// Sends a piece as it is.
  private func send(_ bytes: [UInt8]) async throws {
    guard case .open(let remaining) = state else { throw HTTPServerError.bodyEnded() }
    if let remaining {
      guard bytes.count <= remaining else { throw HTTPServerError.bodyTooLong(bytes.count - remaining) }
      state = .open(remaining: remaining - bytes.count)
    }
    count += bytes.count
    if framing == .chunked { HTTPEncoder.appendChunkStart(bytes.count, to: &output) }
    if bytes.count <= HTTPServerConnection.joinedBodySize {
      output += bytes
      endChunk()
      try await flush()
    } else {
      try await flush()
      try await sink.write(bytes)
      // Goes out with the next piece.
      endChunk()
    }
  }

  private func endChunk() {
    if framing == .chunked { HTTPEncoder.appendChunkEnd(to: &output) }
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
    if let last = compressor?.compress([], .finish) { try await send(last) }
    guard case .open(let remaining) = state else { return }
    if let remaining, remaining > 0 { throw HTTPServerError.bodyTooShort(remaining) }
    state = .ended
    if framing == .chunked { try HTTPEncoder.appendLastChunk(trailers: trailers, to: &output) }
    try await flush()
  }

  /// Takes no more pieces.
  func end() { state = .ended }
}
