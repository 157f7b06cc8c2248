#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
import HTTPTypes

// What is in a request, as values. What the client has done wrong is an HTTPStatusError, which the server answers.

extension HTTPServerRequest {
  /// The body as text; bytes that are not UTF-8 are replaced.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as a value that is read from JSON.
  ///
  /// ```swift
  /// let user = try request.json(User.self)
  /// ```
  ///
  /// - Parameters:
  ///   - type: What the body is.
  ///   - decoder: How it is read.
  /// - Returns: The value.
  /// - Throws: ``HTTPStatusError`` with 400, which says where the body is not as expected and quotes nothing of it.
  public func json<Value: Decodable>(
    _ type: Value.Type = Value.self, decoder: JSONDecoder = JSONDecoder()
  ) throws -> Value {
    do {
      return try decoder.decode(type, from: Data(body))
    } catch let error as DecodingError {
      throw HTTPStatusError(.badRequest, "The body is not the JSON that is expected here: \(error.place).")
    }
  }

  /// The parameters of the query; empty if there is none.
  ///
  /// - Complexity: O(*n*) in the length of the query, at each call.
  public var queryParameters: HTTPParameters { query.map(HTTPParameters.init(parsing:)) ?? [:] }

  /// The first value of a parameter of the query, as a value of a type that text can be made into.
  ///
  /// ```swift
  /// let page = try request.queryParameter("page", as: Int.self) ?? 1
  /// ```
  ///
  /// - Parameters:
  ///   - name: The name of the parameter.
  ///   - type: What it is.
  /// - Returns: The value; nil if there is no such parameter.
  /// - Throws: ``HTTPStatusError`` with 400 when the text is no such value.
  public func queryParameter<Value: LosslessStringConvertible>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value? {
    guard let text = queryParameters[name] else { return nil }
    guard let value = Value(text) else {
      throw HTTPStatusError(.badRequest, "The parameter \(name) must be \(Value.self).")
    }
    return value
  }

  /// The fields of a form, as a browser sends it unless there are files in it (`application/x-www-form-urlencoded`).
  ///
  /// - Returns: The fields in their order.
  /// - Throws: ``HTTPStatusError`` with 415 when the body is something else.
  public func form() throws -> HTTPParameters {
    guard mediaType == "application/x-www-form-urlencoded" else {
      throw HTTPStatusError(.unsupportedMediaType, "The body must be application/x-www-form-urlencoded.")
    }
    return HTTPParameters(parsing: text)
  }

  /// What the body is said to be, in small letters and without parameters such as `charset`; empty if it is not said.
  public var mediaType: String {
    guard let field = self[.contentType] else { return "" }
    return field.prefix { $0 != ";" }.trimmed.lowercased()
  }

  /// The cookies that the client has sent back, by their names; of several of one name the first.
  ///
  /// Values are percent-decoded, as ``HTTPServerResponse/setCookie(_:_:attributes:)`` encodes them.
  ///
  /// - Complexity: O(*n*) in their length, at each call.
  public var cookies: [String: String] {
    var cookies: [String: String] = [:]
    for field in values(of: .cookie) {
      for pair in field.split(separator: ";") {
        guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let name = pair[..<equals].trimmed
        var value = pair[pair.utf8.index(after: equals)...].trimmed
        if value.utf8.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
          value = String(value.dropFirst().dropLast())
        }
        if !name.isEmpty, cookies[name] == nil { cookies[name] = HTTPURLPath.decoding(value) }
      }
    }
    return cookies
  }
}

extension DecodingError {
  /// Where something is wrong and what, without a word of the data.
  fileprivate var place: String {
    switch self {
    case .keyNotFound(let key, let context): "\(Self.path(context))'\(key.stringValue)' is missing"
    case .typeMismatch(let type, let context): "\(Self.path(context))\(type) is expected"
    case .valueNotFound(let type, let context): "\(Self.path(context))\(type) is expected, and not null"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "it is no JSON" : "\(Self.path(context))the value is not possible"
    @unknown default: "it cannot be read"
    }
  }

  private static func path(_ context: Context) -> String {
    let names = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return names.isEmpty ? "" : "at \(names.joined(separator: ".")): "
  }
}
