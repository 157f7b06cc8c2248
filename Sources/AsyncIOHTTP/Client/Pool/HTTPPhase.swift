/// What a request is doing.
enum HTTPPhase: String, Sendable {
  /// Whatever a middleware does, such as waiting for a turn.
  case middleware = "waiting in a middleware"
  /// Waiting for one of the connections that are allowed.
  case pool = "waiting for a free connection"
  /// Looking up the host.
  case resolve = "resolving the host"
  /// Waiting for the server to accept a connection.
  case connect = "connecting"
  /// Agreeing on encryption.
  case secure = "securing the connection"
  /// Sending the request.
  case send = "sending the request"
  /// Waiting for the first byte of the response.
  case firstByte = "waiting for the response"
  /// Reading the response.
  case read = "reading the response"
}

/// Time has run out, and in which phase.
struct HTTPTimedOut: Error {
  let phase: HTTPPhase
  let timings: HTTPTimings
  /// The limit of the phase if it was that, nil if it was the one for everything.
  let limit: Duration?
}
