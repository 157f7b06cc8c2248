/// Something that requests pass through on their way to a handler, and responses on their way back.
///
/// It may change either, answer by itself, or throw.
///
/// ```swift
/// struct RequireToken: HTTPServerMiddleware {
///   let token: String
///
///   func respond(to request: HTTPServerRequest, next: HTTPServer.Handler) async throws -> HTTPServerResponse {
///     guard request[.authorization] == "Bearer \(token)" else { throw HTTPStatusError(.unauthorized) }
///     return try await next(request)
///   }
/// }
/// ```
public protocol HTTPServerMiddleware: Sendable {
  /// Answers a request, as a rule by asking `next`.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - next: What comes after this: the next middleware, or the handler.
  /// - Returns: The response.
  /// - Throws: What `next` throws, or errors of its own.
  ///
  /// ## Cancellation
  /// Comes to `next` and to every other wait in it, when the client has gone or the time for the request is over.
  func respond(
    to request: HTTPServerRequest, next: @escaping HTTPServer.Handler
  ) async throws -> HTTPServerResponse
}

extension HTTPServerMiddleware {
  /// The handler with this around it.
  func around(_ handler: @escaping HTTPServer.Handler) -> HTTPServer.Handler {
    { request in try await respond(to: request, next: handler) }
  }
}
