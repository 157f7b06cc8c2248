public import HTTPTypes

/// A request to be sent by an ``HTTPSession``.
///
/// ```swift
/// var request = HTTPClientRequest(method: .post, url: try HTTPURL("http://localhost:8080/notes"))
/// request.body = .text("remember")
/// let response = try await session.send(request)
/// ```
public struct HTTPClientRequest: Sendable {
  /// What is to be done.
  public var method: HTTPRequest.Method
  /// Where the request goes.
  public var url: HTTPURL
  /// Fields beside those that the session adds: `Host`, `User-Agent`, `Accept`, and how the body is framed.
  ///
  /// A field that is given here takes the place of the session's.
  public var fields: HTTPFields
  /// The body.
  public var body: HTTPRequestBody
  /// How long everything may take, from the call to the last byte of the response; the session's if nil.
  public var timeout: Duration?
  /// Whether redirects are followed; as the session has it if nil.
  public var redirects: HTTPRedirects?

  /// Creates a request.
  ///
  /// - Parameters:
  ///   - method: what is to be done.
  ///   - url: where the request goes.
  ///   - fields: fields beside those that the session adds.
  ///   - body: the body.
  ///   - timeout: how long everything may take; the session's if nil.
  public init(
    method: HTTPRequest.Method = .get, url: HTTPURL, fields: HTTPFields = [:], body: HTTPRequestBody = .none,
    timeout: Duration? = nil
  ) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
    self.timeout = timeout
    if let type = body.contentType, !fields.contains(.contentType) { self.fields[.contentType] = type }
  }
}

extension HTTPRequest.Method {
  /// Whether sending a request twice has the effect of sending it once (RFC 9110 §9.2.2).
  var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: true
    default: false
    }
  }
}
