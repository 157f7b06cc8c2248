#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
public import HTTPTypes

extension HTTPRequestBody {
  /// A value as JSON.
  ///
  /// ```swift
  /// try await session.post("/users", body: .json(User(name: "Ada")))
  /// ```
  ///
  /// - Parameters:
  ///   - value: what to send.
  ///   - encoder: how it is written.
  /// - Returns: the body, of the type `application/json`.
  /// - Throws: `EncodingError` for a value that JSON cannot express.
  public static func json(
    _ value: some Encodable, encoder: JSONEncoder = JSONEncoder()
  ) throws -> HTTPRequestBody {
    .bytes([UInt8](try encoder.encode(value)), contentType: "application/json")
  }
}

extension HTTPClientResponse {
  /// Makes a response with a value as JSON, for a middleware that answers by itself, and for tests.
  ///
  /// - Parameters:
  ///   - value: what the body is.
  ///   - status: the status.
  ///   - request: what it answers.
  /// - Returns: the response.
  /// - Throws: `EncodingError` for a value that JSON cannot express.
  public static func json(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, to request: HTTPClientRequest
  ) throws -> HTTPClientResponse {
    let body = [UInt8](try JSONEncoder().encode(value))
    return HTTPClientResponse(
      status: status, fields: [.contentType: "application/json"], body: body, to: request)
  }

  /// The body as a value that is read from JSON.
  ///
  /// ```swift
  /// let user = try await session.get("/users/1").raiseForStatus().json(User.self)
  /// ```
  ///
  /// - Parameters:
  ///   - type: what the body is.
  ///   - decoder: how it is read.
  /// - Returns: the value.
  /// - Throws: ``HTTPError`` with the code `invalidJSON`; it names the URL and quotes the beginning of the body, and
  ///   `underlying` is the `DecodingError`.
  public func json<Value: Decodable>(
    _ type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()
  ) throws -> Value {
    do {
      return try decoder.decode(type, from: Data(body))
    } catch {
      throw HTTPError.invalidJSON(self, "\(type)", error)
    }
  }
}
