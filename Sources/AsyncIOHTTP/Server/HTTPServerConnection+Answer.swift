import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import HTTPTypes
import Synchronization

// Writing answers.

extension HTTPServerConnection {
  /// An answer whose head, and perhaps body, is ready to be sent.
  struct Answer {
    /// What is to be sent after that.
    enum Rest {
      case none
      case bytes([UInt8])
      case stream(HTTPBodyFraming, @Sendable (HTTPResponseWriter) async throws -> Void)
      case file(HTTPFileSlice)
      case upgrade(@Sendable (HTTPUpgradedConnection) async -> Void)
    }

    let rest: Rest
    /// Whether the connection may serve another request.
    let isKept: Bool
    /// How much of the body is ready with the head.
    var bodySize = 0

    /// Whether nothing is to be sent after what is ready.
    var isComplete: Bool { if case .none = rest { true } else { false } }
  }

  /// Up to this size a body is sent with its head in one piece.
  static let joinedBodySize = 16 * 1024
  /// How much of a body may be on its way within one write timeout.
  private static let writeSize = 256 * 1024

  /// Puts the head of an answer, and a small body, in the place of what `output` holds.
  ///
  /// - Parameters:
  ///   - response: What the handler has answered.
  ///   - head: What it has answered to.
  ///   - output: Where to put it.
  ///   - isBodyOpen: Whether the body of the request is not read to its end, so that another cannot follow.
  /// - Returns: What is left to be sent.
  func prepare(
    _ response: HTTPServerResponse, to head: HTTPRequestHead, _ output: inout [UInt8], isBodyOpen: Bool
  ) -> Answer {
    if case .upgrade(let takeOver) = response.body {
      return prepareUpgrade(response, takeOver, to: head, &output, isBodyOpen: isBodyOpen)
    }
    let framing = response.framing(over: head.version)
    let keeps =
      head.keepsAlive && framing != .untilClose && head.method != .connect && !isBodyOpen && !server.isClosing
    let connection: HTTPEncoder.Connection =
      !keeps ? .close : head.version == .http10 ? .keepAlive : .unspecified
    output.removeAll(keepingCapacity: true)
    do {
      guard response.status.code >= 200 else { throw HTTPCodecError.interimStatus(response.status.code) }
      let facts = try HTTPEncoder.appendHead(
        of: response.status, response.fields, answering: head.method, framing: framing,
        connection: connection,
        date: .shared, to: &output)
      let isKept = keeps && !facts.connection.contains(.close)
      let isBodiless = framing == .none || head.method == .head
      switch response.body {
      case _ where isBodiless: return Answer(rest: .none, isKept: isKept)
      case .stream(_, let write): return Answer(rest: .stream(framing, write), isKept: isKept)
      case .file(let file): return Answer(rest: .file(file), isKept: isKept)
      case .bytes(let body) where body.count > Self.joinedBodySize:
        return Answer(rest: .bytes(body), isKept: isKept)
      case .bytes(let body):
        output.append(contentsOf: body)
        return Answer(rest: .none, isKept: isKept, bodySize: body.count)
      case .upgrade: return Answer(rest: .none, isKept: false)
      }
    } catch {
      // What the handler has made cannot be sent: nothing has been, so another answer can, which surely is in order.
      EventLoop.reportUnhandled(error, source: "the response to \(head.method) \(head.path ?? "")")
      return prepare(.plain(.internalServerError), to: head, &output, isBodyOpen: isBodyOpen)
    }
  }

  /// Writes a body of any size, with a new deadline for each piece.
  func write(_ body: [UInt8]) async throws {
    hasBegunAnswer.store(true, ordering: .relaxed)
    var rest = body[...]
    while !rest.isEmpty {
      setDeadline(configuration.writeTimeout)
      try await stream.write(rest.prefix(Self.writeSize))
      rest = rest.dropFirst(Self.writeSize)
    }
    // A body that is written piece by piece may pause as long as it likes.
    clearDeadline()
  }

  /// Sends a part of a file, without a copy where the system can do that, with a new deadline for each piece.
  func write(_ slice: HTTPFileSlice) async throws {
    try await slice.file.withDescriptor { number in
      var offset = slice.offset
      let end = slice.offset + slice.count
      while offset < end {
        setDeadline(configuration.writeTimeout)
        let sent = try await stream.sendFile(
          number, from: &offset, count: min(end - offset, HTTPFileSlice.pieceSize))
        guard sent > 0 else {
          // The file is shorter than it was. The client must not take the part for the whole.
          stream.abort()
          throw HTTPBodyFailed()
        }
      }
    }
  }

  /// Lets a handler write the body, after the head that is in `output`; returns how long it is.
  func write(
    _ output: inout [UInt8], _ framing: HTTPBodyFraming, to request: HTTPServerRequest,
    _ write: @Sendable (HTTPResponseWriter) async throws -> Void
  ) async throws -> Int {
    let writer = HTTPResponseWriter(self, framing, head: output)
    output = []
    do {
      try await write(writer)
      try await writer.finish()
      return writer.count
    } catch {
      writer.end()
      // The client must not take the part for the whole.
      stream.abort()
      if !(error is IOError), !(error is CancellationError) {
        EventLoop.reportUnhandled(error, source: "the body of the response to \(request)")
      }
      throw HTTPBodyFailed()
    }
  }

  // MARK: Refusing

  /// Answers a request that was not read to its end, and ends such that the client gets the answer.
  func refuse(_ status: HTTPResponse.Status) async {
    var output: [UInt8] = []
    let text = Array("\(status)\n".utf8)
    do {
      _ = try HTTPEncoder.appendHead(
        of: status, [.contentType: "text/plain; charset=utf-8"], answering: .get,
        framing: .contentLength(text.count), connection: .close, date: .shared, to: &output)
      setDeadline(Self.refusalTime)
      try await stream.write(output + text)
    } catch {
      // The client has gone or does not listen.
      return
    }
    await linger()
  }

  /// Ends the connection such that the client gets what was sent last.
  ///
  /// Closing while input is unread would reset the connection, and what the client has not read would be lost; so
  /// some of the input is read and thrown away (RFC 9112 §9.6).
  func linger() async {
    setDeadline(Self.refusalTime)
    do {
      try await stream.closeWriting()
      var waste: [UInt8] = []
      for _ in 0..<256 {
        waste.removeAll(keepingCapacity: true)
        if try await stream.read(appendingTo: &waste, atMost: HTTPInput.bodyReadSize) == 0 { return }
      }
    } catch {
      // The client has gone or does not listen.
    }
  }
}

/// The body of a response was not written to its end, and its client was cut off.
struct HTTPBodyFailed: Error {}

extension HTTPServerResponse {
  /// How the body is framed.
  func framing(over version: HTTPVersion) -> HTTPBodyFraming {
    if status.code == 204 || status.code == 304 { return .none }
    switch body {
    case .bytes(let body): return .contentLength(body.count)
    case .file(let file): return .contentLength(file.count)
    case .stream(.some(let length), _): return .contentLength(length)
    case .stream(nil, _): return version == .http11 ? .chunked : .untilClose
    case .upgrade: return .none
    }
  }
}

extension HTTPCodecError.Code {
  /// The suggested status with its reason phrase.
  var status: HTTPResponse.Status {
    switch suggestedStatus {
    case 400: .badRequest
    case 414: .uriTooLong
    case 431: .requestHeaderFieldsTooLarge
    case 501: .notImplemented
    case 505: HTTPResponse.Status(code: 505, reasonPhrase: "HTTP Version Not Supported")
    case let code: HTTPResponse.Status(code: code)
    }
  }
}
