import HTTPTypes
import Synchronization

/// Answers requests by a server's handler without a socket: for tests of the two together.
///
/// ```swift
/// let handler: HTTPServer.Handler = { request in HTTPServerResponse(text: "You asked for \(request.path)") }
/// configuration.baseURL = try HTTPURL("http://app")
/// configuration.middleware = [HTTPInProcessServer(handler: handler)]
/// ```
///
/// Requests are written and read as they would be on a connection, so that what could not be sent is refused here too. Bodies
/// are whole on either side before the other sees them. An error that says what to answer is answered; any other
/// error of the handler is thrown to who has asked.
public final class HTTPInProcessServer: HTTPMiddleware {
  private let handler: HTTPServer.Handler
  private let maximumBodySize: Int

  /// Makes the middleware.
  ///
  /// - Parameters:
  ///   - maximumBodySize: how large a body may be, in bytes.
  ///   - handler: answers requests.
  public init(maximumBodySize: Int = 64 * 1024 * 1024, handler: @escaping HTTPServer.Handler) {
    self.handler = handler
    self.maximumBodySize = maximumBodySize
  }

  /// Has the handler answer the request.
  ///
  /// - Throws: what the handler throws; ``HTTPCodecError`` for what cannot be sent.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    let body = try await collect(request.body)
    var bytes: [UInt8] = []
    _ = try HTTPEncoder.appendHead(
      of: request.method, to: request.url, request.fields, defaults: try HTTPEncoder.Defaults([:]),
      framing: body.isEmpty ? .none : .contentLength(body.count), to: &bytes)
    var parser = HTTPHeadParser()
    guard let (head, _): (HTTPRequestHead, Int) = try parser.parseRequest(bytes.span) else {
      throw HTTPHeadParser.truncated(after: bytes.count)
    }
    let response: HTTPServerResponse
    do {
      response = try await handler(
        HTTPServerRequest(HTTPServerRequestHead(head, from: nil), body: HTTPCollectedBody(bytes: body)))
    } catch let error as any HTTPRespondingError {
      response = error.response
    }
    let isBodiless = HTTPBodyFraming.isBodiless(response.status.code, answering: request.method)
    let answer = isBodiless ? [] : try await collect(response.body)
    return HTTPClientResponse(status: response.status, fields: response.fields, body: answer, to: request)
  }

  private func collect(_ body: HTTPRequestBody) async throws -> [UInt8] {
    switch body.storage {
    case .bytes(let bytes): return bytes
    case .stream(let length, _, let write):
      let sink = HTTPCollectingSink(limit: maximumBodySize)
      // What is not framed is written as it is.
      let writer = HTTPRequestBodyWriter(sink, length: length, isFramed: false)
      try await write(writer)
      try await writer.finish()
      return sink.bytes
    }
  }

  private func collect(_ body: HTTPServerResponse.Body) async throws -> [UInt8] {
    switch body {
    case .bytes(let bytes): return bytes
    case .file(let file):
      return try await collect(.stream(length: file.count) { try await file.write(to: $0) })
    // There is no connection that could leave HTTP.
    case .upgrade: return []
    case .stream(let length, let write):
      let sink = HTTPCollectingSink(limit: maximumBodySize)
      let writer = HTTPResponseWriter(sink, length.map { .contentLength($0) } ?? .untilClose, head: [])
      try await write(writer)
      try await writer.finish()
      return sink.bytes
    }
  }
}

/// Keeps what is written.
final class HTTPCollectingSink: HTTPByteSink {
  private let limit: Int
  private let collected = Mutex<[UInt8]>([])

  init(limit: Int) { self.limit = limit }

  var bytes: [UInt8] { collected.withLock { $0 } }

  func write(_ bytes: [UInt8]) async throws {
    try collected.withLock { collected in
      guard bytes.count <= limit - collected.count else { throw HTTPBodyLimitError(limit: limit) }
      collected += bytes
    }
  }
}
