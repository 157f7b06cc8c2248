// One request of a server over HTTP/2, with its answer, in a task of its own.
//
// A handler that takes too long is answered for, by the deadline's timer; the task waits for it all the same. Who answers is decided
// by one word:
//
//   open       the request is read, or answered by this task    → handling
//   handling   the handler runs                                 → open by the task, refused by the timer
//   refused    the client was told: the handler's response is not sent (last)

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes
import NIOHPACK
import Synchronization

/// A request that is being answered.
final class HTTP2ServerStream: ConnectionDeadlineOwner, HTTPByteSink {
  private enum Activity: UInt8, AtomicRepresentable {
    case open, handling, refused
  }

  private let stream: HTTP2Stream
  private let connection: HTTP2ServerConnection
  private let deadline = ConnectionDeadline(on: .orDefault)
  private let activity = Atomic(Activity.open)
  /// Whether an answer has no body, as the request is a `HEAD`.
  private let isHead = Atomic(false)

  private var configuration: HTTPServer.Configuration { connection.configuration }

  init(_ stream: HTTP2Stream, of connection: HTTP2ServerConnection) {
    self.stream = stream
    self.connection = connection
  }

  func deadlineExpired() {
    if move(from: .handling, to: .refused) { refuse(.serviceUnavailable) } else { stream.cut() }
  }

  private func move(from expected: Activity, to desired: Activity) -> Bool {
    activity.compareExchange(expected: expected, desired: desired, ordering: .sequentiallyConsistent)
      .exchanged
  }

  private func setDeadline(_ duration: Duration) {
    deadline.set(LoopClock.now.advanced(by: duration), for: self)
  }

  /// Reads the request, and answers it.
  func serve() async {
    do {
      try await answer()
    } catch let error as HTTPCodecError {
      // What cannot be an HTTP request is answered as over HTTP/1.1, and not by a reset, which says nothing.
      refuse(error.code.status)
    } catch is HTTPBodyTooLarge {
      refuse(.contentTooLarge)
    } catch {
      // Reset, lost, too slow, or cancelled: there is nobody to tell.
    }
    deadline.end()
    // What the client still sends is not wanted; what it was sent is whole, unless an error came.
    stream.reset(stream.hasAnsweredAll ? .noError : .cancel, throwing: HTTPServerError.bodyLeft())
  }

  private func answer() async throws {
    let (fields, isLast) = try await stream.nextHead()
    isHead.store(fields.first(name: ":method") == "HEAD", ordering: .relaxed)
    let head = try HTTP2Heads.request(fields, limits: configuration.limits)
    let requestHead = HTTPServerRequestHead(head, from: connection.remoteAddress)
    var body = HTTPCollectedBody()
    var reader: HTTP2ServerBodyReader?
    if !isLast {
      switch handling(of: requestHead) {
      case .collect(let limit): body = try await readBody(of: head, upTo: limit)
      case .stream(let limit):
        try Self.check(head, limit: limit)
        reader = HTTP2ServerBodyReader(
          stream, configuration, limit: limit, asksForBody: head.facts.expectsContinue)
      }
    }
    defer { reader?.end() }
    let request = HTTPServerRequest(
      requestHead, body: body,
      reader: reader.map { reader in HTTPRequestBodyStream(reading: { try await reader.next() }) })
    let start = LoopClock.now
    let response: HTTPServerResponse
    do {
      response = try await handle(request)
    } catch {
      if error is CancellationError, Task.isCancelled { throw error }
      // Nobody waits for an answer, and it is no failure of the handler.
      if reader?.isLost ?? false { throw error }
      response = (error as? any HTTPRespondingError)?.response ?? configuration.errorHandler(error, request)
    }
    guard move(from: .handling, to: .open) else { return }
    deadline.clear()
    let size = try await send(response, to: request)
    configuration.accessLog?(HTTPAccessRecord(request, response.status, size: size, since: start))
  }

  /// Has the handler answer, and cancels it when it takes too long; it is waited for in any case.
  private func handle(_ request: HTTPServerRequest) async throws -> HTTPServerResponse {
    deadline.clear()
    activity.store(.handling, ordering: .sequentiallyConsistent)
    guard let timeout = configuration.requestTimeout else {
      return try await connection.server.handler(request)
    }
    setDeadline(timeout)
    let response = try await withTimeoutOrNil(timeout) { try await connection.server.handler(request) }
    return response ?? .plain(.serviceUnavailable)
  }

  /// What becomes of the body.
  private func handling(of head: HTTPServerRequestHead) -> HTTPBodyHandling {
    configuration.bodyHandling.flatMap { decide in
      decide(HTTPServerRequest(head, body: HTTPCollectedBody()))
    } ?? .collect(upTo: configuration.maximumBodySize)
  }

  /// Refuses a body that is announced to be too large.
  private static func check(_ head: HTTPRequestHead, limit: Int) throws(HTTPBodyTooLarge) {
    if case .length(let length) = head.facts.contentLength, length > limit {
      throw HTTPBodyTooLarge(limit: limit, announced: length)
    }
  }

  private func readBody(of head: HTTPRequestHead, upTo limit: Int) async throws -> HTTPCollectedBody {
    try Self.check(head, limit: limit)
    if head.facts.expectsContinue { stream.askForBody() }
    setDeadline(configuration.bodyTimeout)
    var body = HTTPCollectedBody()
    while try await stream.read(appendingTo: &body.bytes, atMost: .max) > 0 {
      guard body.bytes.count <= limit else { throw HTTPBodyTooLarge(limit: limit, announced: nil) }
    }
    body.trailers = stream.trailers.map { HTTP2Heads.trailers($0) }
    return body
  }

  // MARK: Answering

  /// Sends a response, and returns how long its body is.
  private func send(_ response: HTTPServerResponse, to request: HTTPServerRequest) async throws -> Int {
    let fields: HPACKHeaders
    do throws(HTTPCodecError) {
      fields = try HTTP2Heads.fields(
        of: response.status, response.fields, answering: request.method,
        framing: response.framing(over: .http2))
    } catch {
      // What the handler has made cannot be sent: nothing has been, so another answer can.
      EventLoop.reportUnhandled(error, source: "the response to \(request)")
      refuse(.internalServerError)
      return 0
    }
    if HTTPBodyFraming.isBodiless(response.status.code, answering: request.method) {
      _ = stream.respond(fields, [])
      return 0
    }
    switch response.body {
    case .bytes(let body):
      if !stream.respond(fields, body) {
        try await stream.write(body, isLast: true) { self.setDeadline(configuration.writeTimeout) }
      }
      return body.count
    case .stream(let length, let write): return try await send(fields, length, to: request, write)
    case .file(let file):
      return try await send(fields, file.count, to: request) { writer in try await file.write(to: writer) }
    // A stream cannot leave HTTP; who answers so has not looked at the version.
    case .upgrade:
      refuse(.internalServerError)
      return 0
    }
  }

  /// Lets a handler write the body.
  private func send(
    _ fields: HPACKHeaders, _ length: Int?, to request: HTTPServerRequest,
    _ write: @Sendable (HTTPResponseWriter) async throws -> Void
  ) async throws -> Int {
    _ = stream.respond(fields, nil)
    let writer = HTTPResponseWriter(self, length.map { .contentLength($0) } ?? .untilClose, head: [])
    do {
      try await write(writer)
      try await writer.finish()
      let trailers = try HTTP2Heads.trailers(writer.trailers)
      if trailers.isEmpty {
        try await stream.write([], isLast: true) { self.setDeadline(configuration.writeTimeout) }
      } else {
        stream.finish(trailers)
      }
      return writer.count
    } catch {
      writer.end()
      // The client must not take the part for the whole.
      stream.reset(.internalError, throwing: error)
      if !(error is IOError), !(error is CancellationError), !(error is HTTP2Error) {
        EventLoop.reportUnhandled(error, source: "the body of the response to \(request)")
      }
      throw HTTPBodyFailed()
    }
  }

  var servingServer: HTTPServer? { connection.server }

  func write(_ bytes: [UInt8]) async throws {
    try await stream.write(bytes, isLast: false) { self.setDeadline(configuration.writeTimeout) }
    // While the handler makes the next piece, nothing is late.
    deadline.clear()
  }

  /// Answers with a status in words.
  private func refuse(_ status: HTTPResponse.Status) {
    let text = Array("\(status)\n".utf8)
    guard
      let fields = try? HTTP2Heads.fields(
        of: status, [.contentType: "text/plain; charset=utf-8"], answering: .get,
        framing: .contentLength(text.count))
    else { return }
    _ = stream.respond(fields, isHead.load(ordering: .relaxed) ? [] : text)
  }
}
