import AsyncIOCoordination
public import AsyncIORuntime

/// Something that each request passes through on its way to the server, and each response on its way back.
///
/// It may change either, ask several times, wait, or answer by itself. It sees each request that is sent, those that follow
/// redirects too.
///
/// ```swift
/// struct Logging: HTTPMiddleware {
///   func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
///     let response = try await next(request)
///     print(request.method, request.url, response.status)
///     return response
///   }
/// }
/// ```
///
/// The time of the request goes on in it: when it is over, a wait in a middleware throws like any other.
public protocol HTTPMiddleware: Sendable {
  /// Answers a request, as a rule by asking `next`.
  ///
  /// - Parameters:
  ///   - request: the request, with the session's default fields.
  ///   - next: sends a request on; it may be called several times, or not at all.
  /// - Returns: the response.
  /// - Throws: what `next` throws, or errors of its own.
  ///
  /// ## Cancellation
  /// Comes to `next` and to every other wait in it.
  func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse
}

/// What comes after a middleware: the next one, or the server.
public struct HTTPNext: Sendable {
  let session: HTTPSession
  let index: Int
  let call: HTTPCall

  /// Sends a request on.
  ///
  /// - Parameter request: what to send.
  /// - Returns: the response.
  /// - Throws: as `HTTPSession.send`.
  ///
  /// ## Cancellation
  /// As for `HTTPSession.send`.
  public func callAsFunction(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    let middleware = session.configuration.middleware
    guard index < middleware.count else { return try await session.exchange(request, call) }
    return try await middleware[index].send(
      request, next: HTTPNext(session: session, index: index + 1, call: call))
  }

  /// When the time for the whole request is over.
  public var deadline: LoopClock.Instant { call.deadline }

  /// Whether a redirect has led to another server than the caller asked, so that credentials must not be added.
  public func isRedirectedElsewhere(_ request: HTTPClientRequest) -> Bool {
    !request.url.isSameOrigin(as: call.url)
  }
}

/// What all exchanges for one call of a session have in common.
struct HTTPCall: Sendable {
  let start: LoopClock.Instant
  let deadline: LoopClock.Instant
  let timeout: Duration
  /// What the caller asked for.
  let url: HTTPURL
  /// Whether the body is left for later.
  var isStreaming = false
  /// Whether the pieces of a stream have a limit of their own, or none, in the place of the session's.
  var isEndless = false
  /// How long the server of an endless stream may be silent; nil for any time.
  var silenceLimit: Duration?
  /// Whether the connection is to leave HTTP, if the server agrees.
  var isUpgrading = false
  /// Whether the deadline is for the body of a stream too.
  var boundsStream = false
  /// What ends a call in middleware when its time is over.
  var scope: CancelScope?

  /// Whether a cancellation of the call is the end of its time, as far as the caller was not cancelled too.
  var hasExpired: Bool { scope?.isExpired ?? false }
}
