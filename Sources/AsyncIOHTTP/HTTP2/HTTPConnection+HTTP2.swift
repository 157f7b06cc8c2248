// An exchange over a stream of HTTP/2, beside the ways of HTTP/1.1 (HTTPConnection+Exchange.swift, +Opening.swift).

import AsyncIORuntime
import HTTPTypes
import NIOHPACK

extension HTTPConnection {
  /// How often a request is sent again that was surely not processed; a server that refuses all would be asked for ever.
  private static let maximumAttempts = 3

  /// Whether a request that failed now may be sent again.
  ///
  /// What the server has surely not processed may, whatever its method (RFC 9113 §8.7); what was lost with a connection, as over
  /// HTTP/1.1, if the connection had served before, nothing has come back, and the method is idempotent.
  func mayRetry(_ method: HTTPRequest.Method, after error: HTTP2Error) -> Bool {
    if error.isUnprocessed { return attempt < Self.maximumAttempts }
    guard error.isOfConnection, isUsed, attempt == 0, method.isIdempotent else { return false }
    return phase == .send || phase == .firstByte
  }

  /// Sends a request and reads the response to its end.
  func exchange(
    _ request: HTTPClientRequest, _ rules: Rules, over stream: HTTP2Stream
  ) async throws -> (response: HTTPClientResponse, isReusable: Bool) {
    try await send(request, rules, over: stream)
    phase = .firstByte
    let (fields, isLast) = try await stream.nextHead()
    phase = .read
    let head = try HTTP2Heads.response(fields, limits: rules.limits)
    var content = HTTPCollectedBody()
    if !isLast {
      timeline.firstByte = .now
      let isAnnounced = !HTTPBodyFraming.isBodiless(head.code, answering: request.method)
      if isAnnounced, case .length(let length) = head.facts.contentLength {
        guard length <= rules.maximumBodySize else {
          throw HTTPBodyTooLarge(limit: rules.maximumBodySize, announced: length)
        }
      }
      while try await stream.read(appendingTo: &content.bytes, atMost: .max) > 0 {
        guard content.bytes.count <= rules.maximumBodySize else {
          throw HTTPBodyTooLarge(limit: rules.maximumBodySize, announced: nil)
        }
      }
      content.trailers = stream.trailers.map { HTTP2Heads.trailers($0) }
    }
    isUsed = true
    return (HTTPClientResponse(to: request.method, request.url, head: head, body: content), true)
  }

  /// Sends a request up to a body that does not go out with its head.
  private func send(_ request: HTTPClientRequest, _ rules: Rules, over stream: HTTP2Stream) async throws {
    phase = .send
    do {
      try stream.open(
        HTTP2Heads.fields(of: request, defaults: rules.defaultFields), isLast: request.body.isEmpty)
    } catch let error as HTTP2Error {
      isTurnedAway = true
      throw error
    }
    guard request.body.isJoined, let body = request.body.bytes, !body.isEmpty else { return }
    do {
      try await stream.write(body, isLast: true) {}
    } catch let error as HTTP2Error where stream.hasAnswer && !error.isOfConnection {
      // A server may answer before it has read the body, and want no more of it.
    }
  }

  /// Sends a request and reads the head of the response.
  func open(
    _ request: HTTPClientRequest, _ rules: Rules, over stream: HTTP2Stream
  ) async throws -> HTTPOpenedResponse {
    var upload: HTTPUpload?
    do {
      try await send(request, rules, over: stream)
      upload = startUpload(of: request, rules)
      let (head, isLast) = try await readHead(rules, over: stream, upload)
      let framing: HTTPBodyFraming = isLast ? .none : .untilClose
      // The server knows what to say, or has said all, without the rest.
      if let upload, head.code >= 300 || isLast { await upload.end() }
      isUsed = true
      return HTTPOpenedResponse(head: head, framing: framing, isReusable: true, upload: upload)
    } catch {
      guard let upload else { throw error }
      await upload.end()
      throw upload.failure ?? error
    }
  }

  private func readHead(
    _ rules: Rules, over stream: HTTP2Stream, _ upload: HTTPUpload?
  ) async throws -> (HTTPResponseHead, isLast: Bool) {
    let (fields, isLast) = try await stream.nextHead { upload?.proceed() }
    noteHeard(rules, upload)
    upload?.proceed()
    return (try HTTP2Heads.response(fields, limits: rules.limits), isLast)
  }
}
