package import HTTPTypes

/// Takes the framing off a body, wherever its bytes are cut.
///
/// It copies no data: each step says which range of the given bytes is body. Feed it until it is complete or
/// everything is consumed; what it did not consume after completion is the next message. When the connection
/// ends, call ``endOfInput()``. After an error it is of no more use, and neither is the connection.
///
/// ```swift
/// var decoder = HTTPBodyDecoder(framing, limits: limits)
/// let step = try decoder.decode(bytes)       // bytes: "5\r\nhello\r\n0\r\n\r\n"
/// // step.body == 3..<8, step.consumed == 15, decoder.isComplete
/// ```
package struct HTTPBodyDecoder: Sendable {
  /// What one call made of the bytes it was given.
  package struct Step: Hashable, Sendable {
    /// How many of the bytes are done with.
    package let consumed: Int
    /// Which of them are body, if any are.
    package let body: Range<Int>?
  }

  enum State: Hashable, Sendable {
    /// `Content-Length`, with bytes missing. Goes to `complete`.
    case fixed(remaining: Int)
    /// Until the connection ends, which completes it.
    case untilClose
    /// In the line before a chunk. Goes to `chunkData`, or after the last chunk to `trailers`.
    case chunkLine(HTTPChunkLine)
    /// In a chunk, with bytes missing. Goes to `chunkEnd`.
    case chunkData(remaining: Int)
    /// After the data of a chunk, before its carriage return. Goes to `chunkLineFeed`.
    case chunkEnd
    /// Between carriage return and line feed. Goes to `chunkLine`.
    case chunkLineFeed
    /// After the last chunk. Goes to `complete`.
    case trailers
    /// The message has ended.
    case complete
  }

  private let framing: HTTPBodyFraming
  let limits: HTTPLimits
  var state: State
  var trailerSection = HTTPTrailerSection()
  var extensionLength = 0
  /// How many bytes the calls before this one consumed, for the places in errors.
  var position = 0
  /// How many bytes of body came, without framing.
  package internal(set) var receivedCount = 0

  /// Creates a decoder for one body.
  package init(_ framing: HTTPBodyFraming, limits: HTTPLimits = HTTPLimits()) {
    self.framing = framing
    self.limits = limits
    switch framing {
    case .none, .contentLength(0): state = .complete
    case .contentLength(let length): state = .fixed(remaining: length)
    case .chunked: state = .chunkLine(HTTPChunkLine())
    case .untilClose: state = .untilClose
    }
  }

  /// Whether the message has ended.
  package var isComplete: Bool { state == .complete }

  /// The trailer fields, once the message has ended; empty without any.
  package var trailers: HTTPFields { trailerSection.makeFields() }

  /// Takes the framing off some more bytes.
  ///
  /// At most one range of body is found in a call; call again with the rest while some is left.
  ///
  /// - Parameter bytes: the bytes after those that were consumed.
  /// - Returns: how many bytes are done with, and which of them are body.
  /// - Throws: `HTTPCodecError` for chunks or trailers that break their grammar or a limit.
  package mutating func decode(_ bytes: Span<UInt8>) throws(HTTPCodecError) -> Step {
    let step: Step
    switch state {
    case .complete: return Step(consumed: 0, body: nil)
    case .fixed(let remaining):
      let count = Swift.min(remaining, bytes.count)
      state = count == remaining ? .complete : .fixed(remaining: remaining - count)
      step = Step(consumed: count, body: count > 0 ? 0..<count : nil)
    case .untilClose:
      step = Step(consumed: bytes.count, body: bytes.isEmpty ? nil : 0..<bytes.count)
    default: step = try decodeChunks(bytes)
    }
    position += step.consumed
    receivedCount += step.body?.count ?? 0
    return step
  }

  /// Takes note that the connection has ended.
  ///
  /// - Throws: ``HTTPCodecError/Code/truncatedBody``, which says how many bytes were expected and came,
  ///   unless the body was at its end or ends with the connection.
  package mutating func endOfInput() throws(HTTPCodecError) {
    switch (state, framing) {
    case (.complete, _): return
    case (.untilClose, _): state = .complete
    case (_, .contentLength(let length)):
      throw Self.truncated(length: length, after: receivedCount)
    default:
      throw Self.truncated(
        "the last chunk was expected and did not come after \(receivedCount) bytes of body", at: position)
    }
  }

  /// The error for a body of known length that has ended early.
  static func truncated(length: Int, after count: Int) -> HTTPCodecError {
    truncated("\(length) bytes of body were expected and \(count) came", at: count)
  }

  private static func truncated(_ what: String, at position: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .truncatedBody,
      message: "The connection ended within a body: \(what). Do not use the part as if it "
        + "were the whole.", offset: position)
  }
}
