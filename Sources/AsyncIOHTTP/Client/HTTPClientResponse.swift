public import HTTPTypes

/// A response with its whole body.
///
/// ```swift
/// let response = try await session.get("http://example.org/").raiseForStatus()
/// print(response.status, response[.contentType] ?? "", response.body.count)
/// ```
public struct HTTPClientResponse: Sendable {
  /// The URL that was asked for.
  public let url: HTTPURL
  /// The body, without any framing.
  public let body: [UInt8]
  /// The fields that came after a body in chunks; empty as a rule.
  public var trailers: HTTPFields { trailerFields ?? [:] }

  let method: HTTPRequest.Method
  /// Most callers look at few fields or none, so they are made when they are asked for.
  private let head: HTTPResponseHead
  private let trailerFields: HTTPFields?

  init(
    to method: HTTPRequest.Method, _ url: HTTPURL, head: consuming HTTPResponseHead,
    body: consuming HTTPCollectedBody
  ) {
    self.method = method
    self.url = url
    self.head = head
    self.body = body.bytes
    trailerFields = body.trailers
  }

  /// The status code with its reason phrase.
  public var status: HTTPResponse.Status { head.status }

  /// All fields, in their order.
  ///
  /// - Complexity: O(*n*) in the size of the head, at each call; for one field, `response[.contentType]` is cheaper.
  public var fields: HTTPFields { head.fields.makeFields() }

  /// The first value of a field, or nil if there is none.
  public subscript(name: HTTPField.Name) -> String? { head.fields.firstValue(of: name) }

  /// The body as text in UTF-8, with replacement characters where it is not.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// Throws if the status says that the request failed, and returns the response otherwise.
  ///
  /// - Throws: ``HTTPError`` with the code `unsuccessfulStatus` for statuses from 400 on.
  /// - Returns: this response.
  @discardableResult
  public func raiseForStatus() throws -> HTTPClientResponse {
    guard head.code >= 400 else { return self }
    throw HTTPError(
      code: .unsuccessfulStatus, message: "\(method) \(url): the server answered \(status)", url: url,
      status: status)
  }
}

extension HTTPClientResponse: CustomStringConvertible {
  /// One line, such as `200 OK, 1270 bytes (http://example.org/)`.
  public var description: String { "\(status), \(body.count) bytes (\(url))" }
}
