import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes

// Writing answers.

extension HTTPServerConnection {
  /// Up to this size a body is sent with its head in one piece.
  private static let joinedBodySize = 16 * 1024
  /// How much of a body may be on its way within one write timeout.
  static let writeSize = 256 * 1024
  /// Memory beyond this is given back after an answer.
  private static let keptCapacity = 32 * 1024

  /// Writes the answer to a request; false if the connection is not to be used again.
  func answer(_ head: HTTPRequestHead, _ response: HTTPServerResponse) async throws -> Bool {
    let framing = framing(of: response, to: head)
    let isKept =
      head.keepsAlive && head.method != .connect && framing != .untilClose && !server.isClosing
    let facts: HTTPMessageFacts
    do {
      facts = try appendHead(of: response, to: head, framing: framing, isKept: isKept)
    } catch {
      // What the handler has made cannot be sent: nothing has been, so another answer can.
      return try await answerUnsendable(head, response, error)
    }
    switch response.body {
    case .bytes(let body): try await write(framing == .none || head.method == .head ? [] : body)
    case .stream(_, let body):
      guard head.method != .head, framing != .none else {
        try await write([])
        break
      }
      let writer = HTTPResponseWriter(self, framing)
      do {
        try await body(writer)
        try await writer.finish()
      } catch {
        writer.end()
        // The client must not take the part for the whole.
        stream.abort()
        if !(error is IOError), !(error is CancellationError) {
          EventLoop.reportUnhandled(error, source: "the body of the response to \(head.path ?? "CONNECT")")
        }
        throw error
      }
    }
    if output.capacity > Self.keptCapacity { output = [] }
    return isKept && !facts.connection.contains(.close)
  }

  private func framing(of response: HTTPServerResponse, to head: HTTPRequestHead) -> HTTPBodyFraming {
    let code = response.status.code
    if code < 200 || code == 204 || code == 304 { return .none }
    switch response.body {
    case .bytes(let body): return .contentLength(body.count)
    case .stream(.some(let length), _): return .contentLength(length)
    case .stream(nil, _): return head.version == .http11 ? .chunked : .untilClose
    }
  }

  private func appendHead(
    of response: HTTPServerResponse, to head: HTTPRequestHead, framing: HTTPBodyFraming, isKept: Bool
  ) throws(HTTPCodecError) -> HTTPMessageFacts {
    let connection: HTTPEncoder.Connection =
      !isKept ? .close : head.version == .http10 ? .keepAlive : .unspecified
    output.removeAll(keepingCapacity: true)
    return try HTTPEncoder.appendHead(
      of: response.status, response.fields, answering: head.method, framing: framing, connection: connection,
      date: .shared, to: &output)
  }

  private func answerUnsendable(
    _ head: HTTPRequestHead, _ response: HTTPServerResponse, _ error: any Error
  ) async throws -> Bool {
    EventLoop.reportUnhandled(error, source: "the response to \(head.method) \(head.path ?? "")")
    return try await answer(head, .plain(.internalServerError))
  }

  /// Writes what is in `output`, and a body, or a chunk of one, after it.
  func write(_ body: [UInt8], isChunk: Bool = false) async throws {
    if body.count <= Self.joinedBodySize {
      output.append(contentsOf: body)
      if isChunk { HTTPEncoder.appendChunkEnd(to: &output) }
      try await flush()
    } else {
      try await flush()
      var rest = body[...]
      while !rest.isEmpty {
        setDeadline(configuration.writeTimeout)
        try await stream.write(rest.prefix(Self.writeSize))
        rest = rest.dropFirst(Self.writeSize)
      }
      // Goes out with the next chunk or the last.
      if isChunk { HTTPEncoder.appendChunkEnd(to: &output) }
    }
  }

  /// Writes what is in `output`.
  func flush() async throws {
    guard !output.isEmpty else { return }
    setDeadline(configuration.writeTimeout)
    try await stream.write(output)
    output.removeAll(keepingCapacity: true)
  }

  // MARK: Refusing

  /// Answers a request that was not read to its end, and closes the connection such that the client gets the answer.
  ///
  /// Closing while input is unread would reset the connection, and what the client has not read would be lost; so
  /// some of the input is read and thrown away (RFC 9112 §9.6).
  func refuse(_ status: HTTPResponse.Status) async {
    do {
      output.removeAll(keepingCapacity: true)
      let text = Array("\(status.code) \(status.reasonPhrase)\n".utf8)
      _ = try HTTPEncoder.appendHead(
        of: status, [.contentType: "text/plain"], answering: .get, framing: .contentLength(text.count),
        connection: .close, date: .shared, to: &output)
      try await write(text)
      try stream.closeWriting()
      setDeadline(.seconds(2))
      var left = 16 * 1024 * 1024
      var waste: [UInt8] = []
      while left > 0 {
        waste.removeAll(keepingCapacity: true)
        let count = try await stream.read(appendingTo: &waste, atMost: HTTPInput.bodyReadSize)
        if count == 0 { break }
        left -= count
      }
    } catch {
      // The client has gone or does not listen.
    }
  }
}
