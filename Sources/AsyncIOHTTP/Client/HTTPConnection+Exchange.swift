import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import HTTPTypes

// One exchange. This is the path of every request, so it is one function, as each async function costs a frame, and it works
// on local copies of the connection's buffers, as access to the properties of an object is checked each time.

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
    /// The same, for HTTP/2.
    let defaultFields: HTTPFields
    let limits: HTTPLimits
    let maximumBodySize: Int
    let timeouts: HTTPPhaseTimeouts
  }

  static let readSize = 16 * 1024
  private static let maximumInterimResponses = 32

  /// Whether a request that failed now may be sent again on another connection.
  ///
  /// The server may close a kept connection at any time, so that a request meets a closed door. It is safe to knock
  /// once more if nothing came back and the request may be repeated (RFC 9112 §9.3.1).
  func mayRetry(_ method: HTTPRequest.Method, after error: any Error) -> Bool {
    if let error = error as? HTTP2Error { return mayRetry(method, after: error) }
    guard isUsed, phase == .send || phase == .firstByte, method.isIdempotent else { return false }
    switch error {
    case is HTTPNoResponse: return true
    case let error as IOError: return error.code == .system
    // Many servers close kept connections without a farewell.
    case let error as TLSError: return error.code == .truncated
    default: return false
    }
  }

  /// Sends a request, whose body goes out with its head, and reads the response to its end.
  ///
  /// - Returns: the response, and whether the connection may serve another request.
  /// - Throws: as soon as anything is amiss; the connection is of no more use then.
  func exchange(
    _ request: HTTPClientRequest, _ rules: Rules
  ) async throws -> (response: HTTPClientResponse, isReusable: Bool) {
    if let http2 = stream.http2 { return try await exchange(request, rules, over: http2) }
    var output: [UInt8] = []
    swap(&output, &self.output)
    let isClosing = try Self.encode(request, rules, via: forwarder, to: &output)
    phase = .send
    var isSent = true
    do {
      try await stream.write(output[...])
    } catch let error as IOError where error.code == .system && !request.body.isEmpty {
      // A server that refuses a body may answer and close while it is being sent.
      isSent = false
    }
    swap(&output, &self.output)

    phase = .firstByte
    var input = HTTPInput()
    swap(&input, &self.input)
    var parser = HTTPHeadParser(limits: rules.limits)
    var interimCount = 0
    var found: HTTPResponseHead?
    while found == nil {
      input.compact()
      if try await stream.read(appendingTo: &input.bytes, atMost: Self.readSize) == 0 {
        if input.isEmpty { throw HTTPNoResponse() }
        throw HTTPHeadParser.truncated(after: input.count)
      }
      phase = .read
      found = try Self.nextFinalHead(&input, &parser, &interimCount)
    }
    guard let head = found else { throw HTTPNoResponse() }

    let framing = try HTTPBodyFraming(of: head, answering: request.method)
    var content = input.bodyAtHand(framing, maximumSize: rules.maximumBodySize)
    if content == nil {
      timeline.firstByte = .now
      content = try await input.readBody(
        framing, limits: rules.limits, maximumSize: rules.maximumBodySize, from: stream)
    }
    let isReusable =
      isSent && !isClosing && input.isEmpty && head.keepsAlive(framing, answering: request.method)
    swap(&input, &self.input)
    isUsed = true
    let response = HTTPClientResponse(
      to: request.method, request.url, head: head, body: content ?? HTTPCollectedBody())
    return (response, isReusable)
  }

  /// Puts the request's head, and a body that goes out with it, in the place of what `output` holds, and tells whether it asks
  /// for the connection's end.
  static func encode(
    _ request: HTTPClientRequest, _ rules: Rules, via forwarder: HTTPProxy?, to output: inout [UInt8]
  ) throws(HTTPCodecError) -> Bool {
    output.removeAll(keepingCapacity: true)
    let framing: HTTPBodyFraming =
      switch request.body.storage {
      case .bytes(let body): body.isEmpty ? .none : .contentLength(body.count)
      case .stream(let length, _, _): length.map { .contentLength($0) } ?? .chunked
      }
    let facts = try HTTPEncoder.appendHead(
      of: request.method, to: request.url,
      forwarder.map { $0.addingCredentials(to: request.fields) } ?? request.fields,
      inFull: forwarder != nil, defaults: rules.defaults, framing: framing, to: &output)
    if request.body.isJoined, let body = request.body.bytes { output.append(contentsOf: body) }
    return facts.connection.contains(.close)
  }

  /// The next head that is not an interim one, if it is there.
  static func nextFinalHead(
    _ input: inout HTTPInput, _ parser: inout HTTPHeadParser, _ interimCount: inout Int
  ) throws -> HTTPResponseHead? {
    while let head: HTTPResponseHead = try input.nextHead(&parser) {
      // 101 is final: what follows is of another protocol.
      if head.code >= 200 || head.code == 101 { return head }
      interimCount += 1
      if interimCount > maximumInterimResponses {
        throw HTTPTooManyInterimResponses(limit: maximumInterimResponses)
      }
    }
    return nil
  }
}
