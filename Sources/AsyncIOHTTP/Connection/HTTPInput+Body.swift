import HTTPTypes

/// A body that was read to its end.
struct HTTPCollectedBody: Sendable {
  var bytes: [UInt8] = []
  /// What followed a body in chunks.
  var trailers: HTTPFields?
}

/// A body that is larger than it may be.
struct HTTPBodyTooLarge: Error {
  let limit: Int
  /// What the peer has announced, if it has.
  let announced: Int?
}

extension HTTPInput {
  /// How much memory is taken for a body because the peer has announced one.
  private static let trustedLength = 1024 * 1024

  /// The body, if it is known without reading any more.
  mutating func bodyAtHand(_ framing: HTTPBodyFraming, maximumSize: Int) -> HTTPCollectedBody? {
    switch framing {
    case .none: return HTTPCollectedBody()
    case .contentLength(let length) where length <= min(count, maximumSize):
      var body: [UInt8] = []
      move(atMost: length, to: &body)
      return HTTPCollectedBody(bytes: body)
    default: return nil
    }
  }

  /// Reads a body to its end.
  ///
  /// - Throws: `HTTPBodyTooLarge`, `HTTPCodecError` for bad framing or an early end, `IOError`, `CancellationError`.
  mutating func readBody(
    _ framing: HTTPBodyFraming, limits: HTTPLimits, maximumSize: Int, from stream: HTTPTransport
  ) async throws -> HTTPCollectedBody {
    switch framing {
    case .none: return HTTPCollectedBody()
    case .contentLength(let length):
      guard length <= maximumSize else { throw HTTPBodyTooLarge(limit: maximumSize, announced: length) }
      return HTTPCollectedBody(bytes: try await readBody(length: length, from: stream))
    case .chunked, .untilClose:
      return try await readBody(
        HTTPBodyDecoder(framing, limits: limits), maximumSize: maximumSize, from: stream)
    }
  }

  /// Reads a body of known length: what has not come yet goes straight to its place.
  private mutating func readBody(length: Int, from stream: HTTPTransport) async throws -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(min(length, Self.trustedLength))
    move(atMost: length, to: &body)
    while body.count < length {
      let limit = min(length - body.count, Self.bodyReadSize)
      if try await stream.read(appendingTo: &body, atMost: limit) == 0 {
        throw HTTPBodyDecoder.truncated(length: length, after: body.count)
      }
    }
    return body
  }

  private mutating func readBody(
    _ decoder: consuming HTTPBodyDecoder, maximumSize: Int, from stream: HTTPTransport
  ) async throws -> HTTPCollectedBody {
    var body = HTTPCollectedBody()
    while true {
      guard try move(decoding: &decoder, to: &body.bytes, limit: maximumSize) else {
        throw HTTPBodyTooLarge(limit: maximumSize, announced: nil)
      }
      if decoder.isComplete { break }
      compact()
      if try await stream.read(appendingTo: &bytes, atMost: Self.bodyReadSize) == 0 {
        try decoder.endOfInput()
        break
      }
    }
    let trailers = decoder.trailers
    if !trailers.isEmpty { body.trailers = trailers }
    return body
  }
}
