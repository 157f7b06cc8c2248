import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import Synchronization

// Bodies of requests: read as a whole before the handler is called, or by the handler.

/// What the handler gets of a body.
struct HTTPReceivedBody: Sendable {
  var collected = HTTPCollectedBody()
  var reader: HTTPServerBodyReader?

  var stream: HTTPRequestBodyStream? {
    reader.map { reader in HTTPRequestBodyStream(reading: { try await reader.next() }) }
  }
}

extension HTTPServerConnection {
  private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// Reads the body of a request, or leaves it to the handler; nil if it is too large, which was answered.
  func receiveBody(
    _ framing: HTTPBodyFraming, of head: HTTPRequestHead, _ requestHead: HTTPServerRequestHead,
    _ input: inout HTTPInput
  ) async throws -> HTTPReceivedBody? {
    let handling =
      configuration.bodyHandling.flatMap { decide in
        decide(HTTPServerRequest(requestHead, body: HTTPCollectedBody()))
      } ?? .collect(upTo: configuration.maximumBodySize)
    // RFC 9110 §10.1.1: not to HTTP/1.0, and not if the body comes already.
    let asksForBody = head.facts.expectsContinue && head.version == .http11 && input.isEmpty
    switch handling {
    case .collect(let limit):
      return try await collectBody(framing, upTo: limit, asksForBody, &input).map {
        HTTPReceivedBody(collected: $0)
      }
    case .stream(let limit):
      if case .contentLength(let length) = framing, length > limit {
        await refuse(.contentTooLarge)
        return nil
      }
      hasBegunAnswer.store(false, ordering: .relaxed)
      let reader = HTTPServerBodyReader(framing, on: self, input, limit: limit, asksForBody: asksForBody)
      input = HTTPInput()
      return HTTPReceivedBody(reader: reader)
    }
  }

  private func collectBody(
    _ framing: HTTPBodyFraming, upTo limit: Int, _ asksForBody: Bool, _ input: inout HTTPInput
  ) async throws -> HTTPCollectedBody? {
    setDeadline(configuration.bodyTimeout)
    do {
      if case .contentLength(let length) = framing, length > limit {
        throw HTTPBodyTooLarge(limit: limit, announced: length)
      }
      if asksForBody { try await stream.write(Self.continueLine) }
      return try await input.readBody(
        framing, limits: configuration.limits, maximumSize: limit, from: stream)
    } catch is HTTPBodyTooLarge {
      await refuse(.contentTooLarge)
      return nil
    }
  }

  // MARK: For a reader

  /// Tells the client to send the body that it has announced, unless the answer has begun: that says as much.
  func askForBody() async throws {
    if hasBegunAnswer.load(ordering: .relaxed) { return }
    try await stream.write(Self.continueLine)
  }

  /// Reads more of a body, of which `count` bytes have come while the client was waited for.
  ///
  /// What comes must come within `bodyTimeout`, and all of it, after that time, at `minimumBodyRate`: so a client cannot hold the
  /// handler by a byte now and then.
  func readBodyPiece(
    appendingTo bytes: inout [UInt8], after count: Int, waited: Duration
  ) async throws -> Int {
    let now = LoopClock.now
    let end = configuration.end(ofPieceAfter: count, waited: waited)
    // While the handler runs, the next look after the client comes no later than before; once it writes the response, nobody looks.
    let isHandling = activity.load(ordering: .relaxed) == .handling
    readingEnd.store(end.nanoseconds, ordering: .relaxed)
    defer {
      readingEnd.store(.max, ordering: .relaxed)
      if !isHandling { clearDeadline() }
    }
    deadline.set(isHandling ? min(end, now.advanced(by: Self.checkInterval)) : end, for: self)
    return try await stream.read(appendingTo: &bytes, atMost: HTTPInput.bodyReadSize)
  }
}

extension HTTPServer.Configuration {
  /// When the next piece of a body must have come that a handler reads, and of which `count` bytes have come so far.
  ///
  /// The time that the handler takes between the pieces is not the client's.
  func end(ofPieceAfter count: Int, waited: Duration) -> LoopClock.Instant {
    let earned = Duration.seconds(Double(count) / Double(max(1, minimumBodyRate)))
    return LoopClock.now.advanced(by: min(bodyTimeout, bodyTimeout + earned - waited))
  }
}
