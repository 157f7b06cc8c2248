public import HTTPTypes

/// A response whose body is read piece by piece, within the closure that it is given to.
public struct HTTPStreamedResponse: Sendable {
  private let response: HTTPClientResponse

  init(_ response: HTTPClientResponse) { self.response = response }

  /// The body; it can be gone through once.
  public var body: HTTPResponseBody {
    if let stream = response.extras?.stream { return HTTPResponseBody(source: .stream(stream)) }
    return HTTPResponseBody(source: .bytes(response.body))
  }

  /// The URL that was asked for; after redirects the last one.
  public var url: HTTPURL { response.url }
  /// The status code with its reason phrase.
  public var status: HTTPResponse.Status { response.status }
  /// The version of HTTP that it comes by.
  public var version: HTTPVersion { response.version }
  /// All fields, in their order.
  public var fields: HTTPFields { response.fields }
  /// The first value of a field, or nil if there is none.
  public subscript(name: HTTPField.Name) -> String? { response[name] }
  /// The fields that came after a body in chunks; there once the body was read.
  public var trailers: HTTPFields { response.trailers }
  /// The redirects that led here, the first one first.
  public var history: [HTTPClientResponse] { response.history }
  /// How long each phase took up to the first byte.
  public var timings: HTTPTimings? { response.timings }

  /// How many bytes the body has, if the server has said so and it is not compressed.
  public var length: Int? {
    guard case .length(let length) = response.head.facts.contentLength,
      !response.head.facts.hasContentEncoding
    else { return nil }
    return length
  }

  /// Throws if the status says that the request failed, and returns the response otherwise.
  ///
  /// - Throws: ``HTTPError`` with the code `unsuccessfulStatus` for statuses from 400 on.
  /// - Returns: this response.
  @discardableResult
  public func raiseForStatus() throws -> HTTPStreamedResponse {
    try response.raiseForStatus()
    return self
  }

  /// Gives the connection back, or closes it where the body was left in the middle.
  func end() async { await response.extras?.stream?.end() }
}

extension HTTPStreamedResponse: CustomStringConvertible {
  /// One line, such as `200 OK (http://example.org/)`.
  public var description: String { "\(status) (\(url))" }
}
