import AsyncIO
import AsyncIOHTTP

/// Gives each request its time when its turn has come, rather than when it was asked for: the innermost of what a request passes
/// through.
///
/// The session's own time begins before a policy's waits, for a turn or for a place, and goes on in them.
struct RequestClock: HTTPMiddleware {
  /// How long each may take.
  let timeout: Duration

  /// What takes the place of the session's own time: longer than anybody waits for a turn.
  static let unlimited = Duration.seconds(100 * 365 * 24 * 3600)

  func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    try await withTimeout(timeout) { try await next(request) }
  }
}
