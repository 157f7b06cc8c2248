public import HTTPTypes

/// A response with its whole body.
///
/// ```swift
/// let response = try await session.get("http://example.org/").raiseForStatus()
/// print(response.status, response[.contentType] ?? "", response.body.count)
/// ```
///
/// A middleware sees responses of a stream too: there the body is empty, as it comes later.
public struct HTTPClientResponse: Sendable {
  /// What few responses have; most do not pay for it.
  final class Extras: Sendable {
    let history: [HTTPClientResponse]
    let timings: HTTPTimings?
    let stream: HTTPResponseStream?

    init(history: [HTTPClientResponse] = [], timings: HTTPTimings? = nil, stream: HTTPResponseStream? = nil) {
      self.history = history
      self.timings = timings
      self.stream = stream
    }
  }

  /// The URL that was asked for; after redirects the last one.
  public let url: HTTPURL
  /// The body, without any framing or compression.
  public internal(set) var body: [UInt8]
  /// The fields that came after a body in chunks; empty as a rule.
  public var trailers: HTTPFields { trailerFields ?? extras?.stream?.trailers ?? [:] }

  /// The method of the request that it answers.
  public let method: HTTPRequest.Method
  /// Most callers look at few fields or none, so they are made when they are asked for.
  let head: HTTPResponseHead
  private var trailerFields: HTTPFields?
  var extras: Extras?

  init(
    to method: HTTPRequest.Method, _ url: HTTPURL, head: consuming HTTPResponseHead,
    body: consuming HTTPCollectedBody, extras: Extras? = nil
  ) {
    self.method = method
    self.url = url
    self.head = head
    self.body = body.bytes
    trailerFields = body.trailers
    self.extras = extras
  }

  /// The status code with its reason phrase.
  public var status: HTTPResponse.Status { head.status }

  /// The version of HTTP that it came by.
  public var version: HTTPVersion { head.version }

  /// All fields, in their order.
  ///
  /// - Complexity: O(*n*) in the size of the head, at each call; for one field, `response[.contentType]` is cheaper.
  public var fields: HTTPFields { head.fields.makeFields() }

  /// The first value of a field, or nil if there is none.
  public subscript(name: HTTPField.Name) -> String? { head.fields.firstValue(of: name) }

  /// All values of a field, in their order.
  public func values(of name: HTTPField.Name) -> [String] { head.fields.values(of: name) }

  /// The redirects that led here, the first one first; each with its own URL and status.
  public var history: [HTTPClientResponse] { extras?.history ?? [] }

  /// How long each phase of the exchange took; nil unless the session has a middleware or `onExchange`.
  public var timings: HTTPTimings? { extras?.timings }

  /// The body as text, encoded as a byte order mark or `Content-Type` says, in UTF-8 otherwise.
  ///
  /// UTF-16 and Windows 1252, which is what ASCII and Latin 1 are taken for, are known besides UTF-8. Replacement characters
  /// stand for what is no text.
  public var text: String {
    let (encoding, markLength) = HTTPTextEncoding.encoding(of: body, contentType: self[.contentType])
    return encoding.decode(body.dropFirst(markLength))
  }

  /// Throws if the status says that the request failed, and returns the response otherwise.
  ///
  /// - Throws: ``HTTPError`` with the code `unsuccessfulStatus` for statuses from 400 on.
  /// - Returns: this response.
  @discardableResult
  public func raiseForStatus() throws -> HTTPClientResponse {
    if head.code >= 400 { throw HTTPError.unsuccessful(self) }
    return self
  }

  /// The same response with its body.
  func collected(_ body: [UInt8], _ trailers: HTTPFields?) -> HTTPClientResponse {
    var response = withoutStream
    response.body = body
    if let trailers, !trailers.isEmpty { response.trailerFields = trailers }
    return response
  }

  /// The same response without a body to come.
  var withoutStream: HTTPClientResponse {
    var response = self
    if extras?.stream != nil { response.extras = Extras(history: history, timings: timings) }
    return response
  }

  /// The same response with other extras.
  func replacing(
    history: [HTTPClientResponse]? = nil, timings: HTTPTimings? = nil
  ) -> HTTPClientResponse {
    var response = self
    response.extras = Extras(
      history: history ?? self.history, timings: timings ?? self.timings, stream: extras?.stream)
    return response
  }
}

extension HTTPClientResponse {
  /// Makes a response, for a middleware that answers by itself, and for tests.
  ///
  /// - Parameters:
  ///   - status: the status.
  ///   - fields: the fields.
  ///   - body: the body, not compressed.
  ///   - request: what it answers.
  public init(
    status: HTTPResponse.Status = .ok, fields: HTTPFields = [:], body: [UInt8] = [],
    to request: HTTPClientRequest
  ) {
    do {
      var bytes: [UInt8] = []
      // To HEAD the fields may announce any body.
      _ = try HTTPEncoder.appendHead(of: status, fields, answering: .head, framing: .none, to: &bytes)
      var parser = HTTPHeadParser()
      guard let (head, _): (HTTPResponseHead, Int) = try parser.parseResponse(bytes.span) else {
        preconditionFailure("The head of the response has no end: \(status) \(fields)")
      }
      self.init(to: request.method, request.url, head: head, body: HTTPCollectedBody(bytes: body))
    } catch {
      preconditionFailure("The response could not have come from a server: \(error)")
    }
  }
}

extension HTTPClientResponse: CustomStringConvertible {
  /// One line, such as `200 OK, 1270 bytes (http://example.org/)`.
  public var description: String { "\(status), \(body.count) bytes (\(url))" }
}
