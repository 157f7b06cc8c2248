import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes

/// The server has closed the connection where a response was expected.
struct HTTPNoResponse: Error {}

/// A server that sends one interim response after another.
struct HTTPTooManyInterimResponses: Error {
  let limit: Int
}

extension HTTPConnection {
  /// What an exchange is bound by.
  struct Rules: Sendable {
    let defaults: HTTPEncoder.Defaults
    let limits: HTTPLimits
    let maximumBodySize: Int
  }

  private static let readSize = 16 * 1024
  /// Up to this size a body is sent with its head in one piece.
  private static let joinedBodySize = 16 * 1024
  private static let maximumInterimResponses = 32

  /// Whether a request that failed now may be sent again on another connection.
  ///
  /// The server may close a kept connection at any time, so that a request meets a closed door. It is safe to knock
  /// once more if nothing came back and the request may be repeated (RFC 9112 §9.3.1).
  func mayRetry(_ method: HTTPRequest.Method, after error: any Error) -> Bool {
    guard isUsed, phase == .send || phase == .firstByte, method.isIdempotent else { return false }
    if error is HTTPNoResponse { return true }
    return (error as? IOError)?.code == .system
  }

  /// Sends a request and reads the response to its end.
  ///
  /// - Returns: the response, and whether the connection may serve another request.
  /// - Throws: as soon as anything is amiss; the connection is of no more use then.
  func exchange(
    _ request: HTTPClientRequest, _ rules: Rules
  ) async throws -> (response: HTTPClientResponse, isReusable: Bool) {
    phase = .send
    let framing: HTTPBodyFraming = request.body.isEmpty ? .none : .contentLength(request.body.count)
    output.removeAll(keepingCapacity: true)
    let facts = try HTTPEncoder.appendHead(
      of: request.method, to: request.url, request.fields, defaults: rules.defaults, framing: framing,
      to: &output)
    let isSent = try await send(request.body)
    phase = .firstByte
    let head = try await readFinalHead()
    let responseFraming = try HTTPBodyFraming(of: head, answering: request.method)
    let body = try await input.readBody(
      responseFraming, limits: rules.limits, maximumSize: rules.maximumBodySize, from: stream)
    let isReusable =
      isSent && input.isEmpty && !facts.connection.contains(.close)
      && head.keepsAlive(responseFraming, answering: request.method)
    isUsed = true
    return (HTTPClientResponse(to: request.method, request.url, head: head, body: body), isReusable)
  }

  /// Sends the head with the body; false if the server has stopped listening, perhaps after an answer.
  private func send(_ body: [UInt8]) async throws -> Bool {
    do {
      if body.count <= Self.joinedBodySize {
        output.append(contentsOf: body)
        try await stream.write(output)
      } else {
        try await stream.write(output)
        try await stream.write(body)
      }
      return true
    } catch let error as IOError where error.code == .system && !body.isEmpty {
      // A server that refuses a body may answer and close while it is being sent.
      return false
    }
  }

  private func readFinalHead() async throws -> HTTPResponseHead {
    for _ in 0...Self.maximumInterimResponses {
      let head = try await readHead()
      // 101 is final: nobody here has asked for another protocol.
      if head.code >= 200 || head.code == 101 { return head }
    }
    throw HTTPTooManyInterimResponses(limit: Self.maximumInterimResponses)
  }

  private func readHead() async throws -> HTTPResponseHead {
    while true {
      if let head: HTTPResponseHead = try input.nextHead(&parser) { return head }
      if try await input.fill(from: stream, atMost: Self.readSize) == 0 {
        if input.isEmpty { throw HTTPNoResponse() }
        throw HTTPHeadParser.truncated(after: input.count)
      }
      phase = .read
    }
  }
}
