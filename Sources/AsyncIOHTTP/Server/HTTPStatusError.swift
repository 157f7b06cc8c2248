public import HTTPTypes

/// An error that says itself what the client is to be told.
///
/// ```swift
/// enum ShopError: HTTPRespondingError {
///   case soldOut(String)
///
///   var response: HTTPServerResponse {
///     switch self { case .soldOut(let article): HTTPServerResponse(status: .conflict, text: "\(article) is sold out.\n") }
///   }
/// }
/// ```
///
/// A handler throws it from wherever it finds out; the server answers, and reports nothing. All other errors are 500 to the
/// client, who learns nothing about them, and are reported.
public protocol HTTPRespondingError: Error {
  /// What the client gets.
  var response: HTTPServerResponse { get }
}

/// A status, to be thrown by a handler.
///
/// ```swift
/// guard let user = users[id] else { throw HTTPStatusError(.notFound, "There is no user \(id).") }
/// ```
public struct HTTPStatusError: HTTPRespondingError, Hashable, CustomStringConvertible {
  /// The status.
  public var status: HTTPResponse.Status
  /// What the client is told in words; the status itself if nil.
  public var message: String?
  /// Fields of the response.
  public var fields: HTTPFields

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - status: The status.
  ///   - message: What the client is told in words; the status itself if nil.
  ///   - fields: Fields of the response, such as `Retry-After`.
  public init(_ status: HTTPResponse.Status, _ message: String? = nil, fields: HTTPFields = [:]) {
    self.status = status
    self.message = message
    self.fields = fields
  }

  /// The message as plain text.
  public var response: HTTPServerResponse {
    var response = HTTPServerResponse(status: status, text: "\(message ?? "\(status)")\n")
    for field in fields { response.fields.append(field) }
    return response
  }

  /// The status and the message in one line.
  public var description: String { message.map { "\(status): \($0)" } ?? "\(status)" }
}
