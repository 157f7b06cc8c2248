#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import HTTPTypes

extension HTTPServerResponse {
  /// A value as JSON.
  ///
  /// ```swift
  /// return try .json(user)
  /// ```
  ///
  /// - Parameters:
  ///   - value: What the body is.
  ///   - status: The status.
  ///   - encoder: How it is written.
  /// - Returns: A response of the type `application/json`.
  /// - Throws: `EncodingError` for a value that JSON cannot express.
  public static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, encoder: JSONEncoder = JSONEncoder()
  ) throws -> HTTPServerResponse {
    HTTPServerResponse(
      status: status, fields: [.contentType: "application/json"], body: [UInt8](try encoder.encode(value)))
  }

  /// A page.
  ///
  /// - Parameters:
  ///   - text: The page, as UTF-8. What comes from others must be escaped in it.
  ///   - status: The status.
  /// - Returns: A response of the type `text/html`.
  public static func html(_ text: String, status: HTTPResponse.Status = .ok) -> HTTPServerResponse {
    HTTPServerResponse(
      status: status, fields: [.contentType: "text/html; charset=utf-8"], body: Array(text.utf8))
  }

  /// Sends the client elsewhere.
  ///
  /// - Parameters:
  ///   - location: The URL, absolute or relative to the request's. What is not fit for a field is percent-encoded.
  ///   - status: `seeOther` has the client get the other place, whatever its method was; `temporaryRedirect` and
  ///     `permanentRedirect` have it send the same again.
  /// - Returns: The response, without a body.
  public static func redirect(
    to location: String, status: HTTPResponse.Status = .seeOther
  ) -> HTTPServerResponse {
    // What a target may hold, and the sign before a fragment.
    let allowed = ASCIISet(low: ASCIISet.target.low | 1 << 35, high: ASCIISet.target.high)
    let bytes = HTTPURLPath.encoding(Array(location.utf8)[...], allowing: allowed)
    return HTTPServerResponse(status: status, fields: [.location: String(decoding: bytes, as: UTF8.self)])
  }

  /// Makes a response of the currency type.
  ///
  /// - Parameters:
  ///   - response: The status and the fields; those that frame the body are better left to the server.
  ///   - body: The body; empty for none.
  public init(_ response: HTTPResponse, body: [UInt8] = []) {
    self.init(status: response.status, fields: response.headerFields, body: body)
  }

  /// A response that says in words what its status is.
  static func plain(_ status: HTTPResponse.Status, fields: HTTPFields = [:]) -> HTTPServerResponse {
    HTTPServerResponse(status: status, fields: fields, text: "\(status)\n")
  }
}
