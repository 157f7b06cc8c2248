// The body of a request while its handler reads it.
//
// The connection's task lends its input to this reader, and gets it back when the response was sent: `end`. Between the two the
// handler reads, by whatever task, one at a time:
//
//   resting   nobody reads                                       → reading, ended
//   reading   a task reads, and has the input                    → resting, ended
//   ended     given back: later reads throw                      (last)
//
// A reader that is busy when the request ends has been given to a task that outlives its handler. It has the input then, so
// that the connection cannot go on: it is closed.

import AsyncIORuntime
import HTTPTypes
import Synchronization

/// Reads the body of one request from its connection.
final class HTTPServerBodyReader: Sendable {
  private struct Parts {
    var input: HTTPInput
    var decoder: HTTPBodyDecoder
    /// How much of the body was read.
    var count = 0
    /// How long the client was waited for.
    var waited = Duration.zero
    /// Whether the client waits to be told to send the body.
    var mustAskForBody: Bool
    /// Why no more is read.
    ///
    /// What is in `input` was decoded then, and is still there. So nobody knows any more where the body ends, and the connection
    /// cannot go on.
    var failure: HTTPStatusError?

    /// Whether what follows in `input` is the next request.
    var isAtEnd: Bool { failure == nil && decoder.isComplete }
  }

  private enum State {
    case resting(Parts)
    case reading
    case ended
  }

  private let connection: HTTPServerConnection
  private let limit: Int
  private let state: Mutex<State>
  /// Whether the connection was lost in the body, so that nobody waits for an answer.
  private let lost = Atomic(false)

  init(
    _ framing: HTTPBodyFraming, on connection: HTTPServerConnection, _ input: HTTPInput, limit: Int,
    asksForBody: Bool
  ) {
    self.connection = connection
    self.limit = limit
    state = Mutex(
      .resting(
        Parts(
          input: input, decoder: HTTPBodyDecoder(framing, limits: connection.configuration.limits),
          mustAskForBody: asksForBody)))
  }

  var isLost: Bool { lost.load(ordering: .relaxed) }

  /// Whether a part of the body may still be to come.
  var isOpen: Bool {
    state.withLock { state in
      if case .resting(let parts) = state { !parts.isAtEnd } else { true }
    }
  }

  /// The next piece of the body; nil at its end.
  func next() async throws -> [UInt8]? {
    var parts = try state.withLock { state throws(HTTPServerError) in
      switch state {
      case .resting(let parts):
        state = .reading
        return parts
      case .reading: throw HTTPServerError.bodyBusy()
      case .ended: throw HTTPServerError.bodyLeft()
      }
    }
    defer { rest(parts) }
    return try await read(&parts)
  }

  private func rest(_ parts: Parts) {
    state.withLock { state in if case .reading = state { state = .resting(parts) } }
  }

  private func read(_ parts: inout Parts) async throws -> [UInt8]? {
    while true {
      if let piece = try take(&parts) { return piece }
      if parts.decoder.isComplete { return nil }
      if parts.mustAskForBody {
        parts.mustAskForBody = false
        try await connection.askForBody()
      }
      try await readMore(&parts)
    }
  }

  /// What has come of the body already; nil if that is nothing.
  private func take(_ parts: inout Parts) throws -> [UInt8]? {
    if let failure = parts.failure { throw failure }
    var piece: [UInt8] = []
    do throws(HTTPCodecError) {
      let isWithinLimit = try parts.input.move(
        decoding: &parts.decoder, to: &piece, limit: limit - parts.count)
      if !isWithinLimit {
        parts.failure = HTTPStatusError(.contentTooLarge, "The body is larger than \(limit) bytes.")
      }
    } catch {
      parts.failure = HTTPStatusError(error.code.status)
    }
    if let failure = parts.failure { throw failure }
    parts.count += piece.count
    return piece.isEmpty ? nil : piece
  }

  private func readMore(_ parts: inout Parts) async throws {
    parts.input.compact()
    let count: Int
    let start = LoopClock.now
    defer { parts.waited += start.duration(to: .now) }
    do {
      count = try await connection.readBodyPiece(
        appendingTo: &parts.input.bytes, after: parts.count, waited: parts.waited)
    } catch let error as IOError {
      lost.store(true, ordering: .relaxed)
      throw error
    }
    guard count == 0 else { return }
    lost.store(true, ordering: .relaxed)
    throw IOError(.closed, operation: "read", detail: "the client has ended within the body of its request")
  }

  // MARK: The end

  /// Forgets what has come and was not read, as far as that is within the body's limit.
  func discardWhatIsThere() {
    state.withLock { state in
      guard case .resting(var parts) = state, !parts.isAtEnd else { return }
      _ = try? take(&parts)
      state = .resting(parts)
    }
  }

  /// Gives the input back; false if the body is not at its end there, so that the connection cannot go on.
  func end(_ input: inout HTTPInput) -> Bool {
    state.withLock { state in
      defer { state = .ended }
      guard case .resting(let parts) = state, parts.isAtEnd else { return false }
      input = parts.input
      return true
    }
  }
}
