// The body of a response that is read piece by piece, and the lease of its connection.
//
// Ownership: the stream owns the lease from the head of the response on, and gives it back exactly once: where the body has
// come to its end, where reading has failed, at `end`, or when the stream is dropped. So a connection is never lost, whoever
// drops a response; and it serves another request only after a body that was read to its end, with nothing behind it.
//
// `state` decides who reads: a reader takes what it needs out and puts it back, so that a second one is noticed.

import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

/// A body that is being read.
final class HTTPResponseStream: Sendable {
  /// What a reader works with.
  struct Reading: Sendable {
    let connection: HTTPConnection
    var decoder: HTTPBodyDecoder
    let inflater: HTTPInflater?
    let isReusable: Bool
    let upload: HTTPUpload?
  }

  private enum State {
    /// Nobody reads just now. Goes to `busy`, `ended`.
    case open(Reading)
    /// Somebody reads. Goes to `open`, `ended`.
    case busy
    /// At the end of the body, which had these trailers.
    case complete(HTTPFields)
    /// Left before the body's end.
    case left
  }

  private let state: Mutex<State>
  private let session: HTTPSession
  private let request: HTTPClientRequest
  private let call: HTTPCall

  init(_ reading: Reading, of session: HTTPSession, for request: HTTPClientRequest, _ call: HTTPCall) {
    state = Mutex(.open(reading))
    self.session = session
    self.request = request
    self.call = call
  }

  deinit { leave() }

  /// The fields that came after the body, once it was read to its end.
  var trailers: HTTPFields? {
    state.withLock { if case .complete(let trailers) = $0 { trailers } else { nil } }
  }

  // MARK: Reading

  /// The next piece, or nil after the last one.
  ///
  /// - Throws: as `HTTPSession.send`; the connection is gone then.
  func next() async throws -> [UInt8]? {
    guard var reading = try take() else { return nil }
    do {
      while true {
        let piece = try await Self.read(&reading, timeout: pieceTimeout)
        let isComplete = reading.decoder.isComplete && reading.inflater?.hasMore != true
        if isComplete {
          if let upload = reading.upload, !upload.isFinished { await upload.end() }
          finish(reading)
        }
        if let piece, !piece.isEmpty {
          if !isComplete { state.withLock { $0 = .open(reading) } }
          return piece
        }
        if isComplete { return nil }
      }
    } catch {
      let cause = session.cause(of: error, on: reading.connection, request, call)
      state.withLock { $0 = .left }
      await reading.upload?.end()
      session.pool.discard(reading.connection)
      throw reading.upload?.failure ?? cause
    }
  }

  /// Reads what is left, in one piece.
  ///
  /// - Throws: `HTTPError` when it is larger than `limit`; as `next`.
  func collect(upTo limit: Int) async throws -> [UInt8] {
    var body: [UInt8] = []
    if let length = announcedLength {
      guard length <= limit else { throw await refuse(HTTPBodyTooLarge(limit: limit, announced: length)) }
      body.reserveCapacity(min(length, 1024 * 1024))
    }
    while let piece = try await next() {
      guard piece.count <= limit - body.count else {
        throw await refuse(HTTPBodyTooLarge(limit: limit, announced: nil))
      }
      if body.isEmpty, body.capacity == 0 { body = piece } else { body += piece }
    }
    return body
  }

  private var announcedLength: Int? {
    state.withLock { state in
      guard case .open(let reading) = state, reading.inflater == nil else { return nil }
      if case .fixed(let remaining) = reading.decoder.state { return remaining }
      return nil
    }
  }

  private func refuse(_ error: HTTPBodyTooLarge) async -> HTTPError {
    await end()
    return HTTPError.bodyTooLarge(request, error)
  }

  private func take() throws -> Reading? {
    try state.withLock { state in
      switch state {
      case .open(let reading):
        state = .busy
        return reading
      case .complete: return nil
      case .left: throw HTTPError.streamEnded(request.method, request.url)
      case .busy:
        preconditionFailure("\(request.title): two tasks read the body of one response; let one read it.")
      }
    }
  }

  /// How long a piece may take.
  private var pieceTimeout: Duration? {
    if call.isEndless { return call.silenceLimit }
    let configuration = session.configuration
    return configuration.phaseTimeouts.read
      ?? (call.isStreaming && !call.boundsStream ? configuration.timeout : nil)
  }

  /// Some more of the body; nothing if there was only framing.
  private static func read(_ reading: inout Reading, timeout: Duration?) async throws -> [UInt8]? {
    if reading.inflater?.hasMore == true {
      return try reading.inflater?.inflate([], isLast: reading.decoder.isComplete)
    }
    let connection = reading.connection
    var input = HTTPInput()
    swap(&input, &connection.input)
    defer { swap(&input, &connection.input) }
    var piece: [UInt8] = []
    if input.isEmpty {
      connection.bound(by: timeout)
      if reading.decoder.isPlain {
        // No framing within: what comes is the body, up to its end.
        let limit = min(reading.decoder.missingCount, HTTPInput.bodyReadSize)
        _ = try await connection.stream.read(appendingTo: &piece, atMost: limit)
        if piece.isEmpty { try reading.decoder.endOfInput() }
        _ = try reading.decoder.decode(piece.span)
      } else {
        input.compact()
        let count = try await connection.stream.read(
          appendingTo: &input.bytes, atMost: HTTPInput.bodyReadSize)
        if count == 0 { try reading.decoder.endOfInput() }
      }
      // What the reader does with a piece takes as long as it likes.
      connection.bound(by: nil)
    }
    if !input.isEmpty { _ = try input.move(decoding: &reading.decoder, to: &piece, limit: .max) }
    guard reading.inflater != nil else { return piece }
    return try reading.inflater?.inflate(piece, isLast: reading.decoder.isComplete)
  }

  /// Gives the connection back after the last byte.
  private func finish(_ reading: Reading) {
    let trailers = reading.connection.stream.http2?.trailers.map { HTTP2Heads.trailers($0) }
    state.withLock { $0 = .complete(trailers ?? reading.decoder.trailers) }
    let isSent = reading.upload?.isFinished ?? true
    if !isSent { reading.upload?.cancel() }
    if reading.isReusable, isSent, reading.connection.input.isEmpty {
      session.pool.release(reading.connection)
    } else {
      session.pool.discard(reading.connection)
    }
  }

  // MARK: Leaving

  /// Takes the connection, which leaves HTTP, and is to be discarded at its end; nil if it was left before.
  func takeConnection() -> HTTPConnection? {
    state.withLock { state in
      guard case .open(let reading) = state else { return nil }
      state = .left
      return reading.connection
    }
  }

  /// Ends the reading of a body that has ended with the head.
  func finishIfComplete() {
    let reading: Reading? = state.withLock { state in
      if case .open(let reading) = state, reading.decoder.isComplete { reading } else { nil }
    }
    if let reading { finish(reading) }
  }

  /// Ends the reading: if the rest is there already the connection is kept, otherwise it is closed.
  ///
  /// Not for a moment at which somebody reads.
  func leave() {
    let left: Reading? = state.withLock { state in
      guard case .open(let reading) = state else { return nil }
      state = .left
      return reading
    }
    guard var reading = left else { return }
    var rest: [UInt8] = []
    let isWhole = try? reading.connection.input.move(decoding: &reading.decoder, to: &rest, limit: .max)
    if isWhole == true, reading.decoder.isComplete {
      finish(reading)
      state.withLock { $0 = .left }
    } else {
      reading.upload?.cancel()
      session.pool.discard(reading.connection)
    }
  }

  /// Ends the reading, and waits until nobody writes to the connection any more.
  func end() async {
    let upload: HTTPUpload? = state.withLock { state in
      if case .open(let reading) = state { reading.upload } else { nil }
    }
    leave()
    await upload?.end()
  }
}

extension HTTPBodyDecoder {
  /// Whether the rest of the body has no framing within.
  var isPlain: Bool {
    switch state {
    case .fixed, .untilClose: true
    default: false
    }
  }

  /// How many bytes of an unframed body are missing, as far as that is known.
  var missingCount: Int {
    if case .fixed(let remaining) = state { remaining } else { .max }
  }
}
