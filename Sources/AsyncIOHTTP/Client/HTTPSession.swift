// A session: requests over the connections of a pool.
//
// Time: a request has one deadline for everything. While it waits for a connection a timer of the loop finishes its waiter;
// from then on the deadline is the connection's, whose timer closes the stream, so that the read or write under way throws.
// Neither needs a task, and the second as a rule not even a timer (Connection/ConnectionDeadline.swift). Where there is middleware,
// whose waits have to end too, a cancel scope is around it all; what that ends says so as the two timers do (`hasExpired`).
//
// Ways: `send` is the short one, for requests that need nothing but an exchange. Whatever costs more goes through
// `HTTPSession+Layers.swift`: middleware, cookies, streams, redirects.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import HTTPTypes

/// Sends requests over HTTP/1.1 or HTTP/2, plain or by TLS, and keeps connections for the next ones.
///
/// Make one for a whole program or job, as it pays to keep connections, and use it from any number of tasks.
///
/// ```swift
/// try await withHTTPSession { session in
///   let response = try await session.get("http://example.org/")
///   print(response.status, response.text)
/// }
/// ```
///
/// A session that is dropped closes its connections.
public final class HTTPSession: Sendable {
  /// The limits and habits of the session.
  public let configuration: Configuration
  let pool: HTTPConnectionPool
  private let rules: HTTPConnection.Rules
  /// The rules for requests that have the session's fields already.
  let bareRules: HTTPConnection.Rules
  let defaultFields: HTTPFields
  /// Whether every request must go the long way.
  private let hasLayers: Bool

  /// Makes a session that has no connection yet.
  ///
  /// - Parameter configuration: its limits and habits.
  /// - Throws: ``HTTPCodecError`` when the user agent or the fields hold what no field may hold.
  public init(_ configuration: Configuration = Configuration()) throws(HTTPCodecError) {
    self.configuration = configuration
    pool = HTTPConnectionPool(configuration)
    defaultFields = configuration.defaultFields
    rules = HTTPConnection.Rules(
      defaults: try HTTPEncoder.Defaults(defaultFields), defaultFields: defaultFields,
      limits: configuration.limits,
      maximumBodySize: configuration.maximumBodySize, timeouts: configuration.phaseTimeouts)
    bareRules = HTTPConnection.Rules(
      defaults: try HTTPEncoder.Defaults([:]), defaultFields: [:], limits: configuration.limits,
      maximumBodySize: configuration.maximumBodySize, timeouts: configuration.phaseTimeouts)
    hasLayers =
      !configuration.middleware.isEmpty || configuration.onExchange != nil
      || configuration.phaseTimeouts != HTTPPhaseTimeouts()
  }

  deinit { for connection in pool.shutDown() { connection.cut() } }

  /// Closes all connections; requests under way throw ``HTTPError`` with the code `sessionClosed`, and so do later ones.
  ///
  /// Idempotent.
  ///
  /// ## Cancellation
  /// Makes no difference: it takes no longer than those requests take to notice.
  public func close() async { await pool.close() }

  /// Sends a request and reads the response with its whole body.
  ///
  /// A connection that was kept is used if there is one, the one used last first; otherwise one is made if
  /// the limits allow, or waited for. If a kept connection turns out to have been closed by the server, a
  /// request with an idempotent method is sent once more, on a new one. Redirects are followed as the configuration says.
  ///
  /// - Parameter request: what to send.
  /// - Returns: the response, whatever its status.
  /// - Throws: ``HTTPError``; ``HTTPCodecError`` for a response that breaks the protocol or a request that would;
  ///   `TimeoutError` when everything together takes too long, whose `cause` says how long each phase took;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Closes the connection of the request, if it has one. The server may have received the request all the same.
  public func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    try Task.checkCancellation()
    let call = try makeCall(request)
    guard isPlain(request) else { return try await sendInLayers(request, call) }
    do {
      var connection =
        if let kept = pool.acquireKept(request.url, until: call.deadline) { kept } else {
          try await pool.acquire(request.url, call)
        }
      while true {
        do {
          let (response, isReusable) = try await connection.exchange(request, rules)
          if isReusable { pool.release(connection) } else { pool.discard(connection) }
          if response.head.needsCare { return try await care(for: response, to: request, call) }
          return response
        } catch {
          if !connection.mayRetry(request.method, after: error) || Task.isCancelled {
            let cause = cause(of: error, on: connection, request, call)
            pool.discard(connection)
            throw cause
          }
        }
        // A new connection is not used yet, so that this happens once.
        connection = try await pool.replace(connection, for: request.url, call)
      }
    } catch {
      throw Self.publicError(error, request, call)
    }
  }

  func makeCall(_ request: HTTPClientRequest) throws(TimeoutError) -> HTTPCall {
    let timeout = request.timeout ?? configuration.timeout
    guard timeout > .zero else { throw TimeoutError(after: timeout) }
    let start = LoopClock.now
    return HTTPCall(start: start, deadline: start.advanced(by: timeout), timeout: timeout, url: request.url)
  }

  private func isPlain(_ request: HTTPClientRequest) -> Bool {
    if hasLayers { return false }
    if let jar = configuration.cookies, !jar.isEmpty { return false }
    return request.body.isJoined
  }

  // MARK: Errors

  /// Tells why an exchange failed.
  func cause(
    of error: any Error, on connection: HTTPConnection, _ request: HTTPClientRequest, _ call: HTTPCall
  ) -> any Error {
    switch error {
    case let error as IOError:
      if error.code == .closed {
        // Closed here: by the deadline or with the session.
        guard connection.deadline.hasExpired else { return HTTPError.sessionClosed(request) }
        return Self.publicError(connection.timedOut(call), request, call)
      }
      return HTTPError.connectionLost(request, connection.phase, error)
    case let error as TLSError:
      // What is wrong with a certificate of ours, TLS 1.3 tells only after the handshake.
      guard error.code == .truncated else { return HTTPError.notSecured(request, error) }
      return connection.phase == .firstByte
        ? HTTPError.noResponse(request) : HTTPError.connectionLost(request, connection.phase, error)
    case let error as HTTP2Error: return HTTPError.streamFailed(request, connection.phase, error)
    case is HTTPNoResponse: return HTTPError.noResponse(request)
    case let error as HTTPBodyTooLarge: return HTTPError.bodyTooLarge(request, error)
    case let error as HTTPTooManyInterimResponses: return HTTPError.tooManyInterim(request, error)
    case let error as HTTPInflationError: return HTTPError.invalidContentEncoding(request, error)
    // Behind a middleware time ends a request from outside, whichever timer is first.
    case is CancellationError where call.hasExpired:
      return Self.publicError(connection.timedOut(call), request, call)
    default: return error
    }
  }

  /// What the caller is told where getting a connection has failed.
  static func publicError(_ error: any Error, _ request: HTTPClientRequest, _ call: HTTPCall) -> any Error {
    switch error {
    case let error as HTTPTimedOut:
      TimeoutError(after: error.limit ?? call.timeout, cause: HTTPError.timedOut(request, error))
    case let error as IOError: HTTPError.connectionFailed(request, error)
    case let error as TLSError: HTTPError.notSecured(request, error)
    case let error as HTTPProxyError: HTTPError.proxyFailed(request, error)
    case is HTTPPoolClosed: HTTPError.sessionClosed(request)
    default: error
    }
  }
}

extension HTTPSession.Configuration {
  /// The fields of a request that has none itself.
  fileprivate var defaultFields: HTTPFields {
    var defaults: HTTPFields = [.accept: "*/*"]
    if decompresses { defaults[.acceptEncoding] = HTTPInflater.acceptedCodings }
    defaults[.userAgent] = userAgent
    var names: Set<HTTPField.Name> = []
    for field in fields where names.insert(field.name).inserted { defaults[field.name] = nil }
    defaults.append(contentsOf: fields)
    return defaults
  }
}

extension HTTPResponseHead {
  /// Whether there is more to do than to hand it out.
  var needsCare: Bool {
    facts.setsCookies || facts.hasContentEncoding || (code >= 300 && code < 400 && code != 304)
  }
}

/// Runs `body` with a session that is closed at the end.
///
/// ```swift
/// let pages = try await withHTTPSession { session in
///   try await gather(urls, limit: 10) { try await session.get($0).text }
/// }
/// ```
///
/// - Parameters:
///   - configuration: the session's limits and habits.
///   - body: what to do with it.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; ``HTTPCodecError`` for a user agent that cannot be sent.
///
/// ## Cancellation
/// Goes to `body`; the session is closed when that has ended.
public func withHTTPSession<Result>(
  _ configuration: HTTPSession.Configuration = HTTPSession.Configuration(),
  _ body: (HTTPSession) async throws -> Result
) async throws -> Result {
  let session = try HTTPSession(configuration)
  do {
    let result = try await body(session)
    await session.close()
    return result
  } catch {
    await session.close()
    throw error
  }
}
