// A session: requests over the connections of a pool.
//
// Time: a request has one deadline for everything. While it waits for a connection a timer of the loop finishes its waiter;
// from then on the deadline is the connection's, whose timer closes the stream, so that the read or write under way throws.
// Neither needs a task, and the second as a rule not even a timer (Connection/ConnectionDeadline.swift).

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
public import HTTPTypes

/// Sends requests over HTTP/1.1, and keeps connections for the next ones.
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

  /// Makes a session that has no connection yet.
  ///
  /// - Parameter configuration: its limits and habits.
  /// - Throws: ``HTTPCodecError`` when the user agent holds what no field may hold.
  public init(_ configuration: Configuration = Configuration()) throws(HTTPCodecError) {
    self.configuration = configuration
    pool = HTTPConnectionPool(
      limit: configuration.connectionsPerHost, idleTimeout: configuration.idleTimeout,
      limits: configuration.limits)
    var defaults: HTTPFields = [.accept: "*/*"]
    defaults[.userAgent] = configuration.userAgent
    rules = HTTPConnection.Rules(
      defaults: try HTTPEncoder.Defaults(defaults), limits: configuration.limits,
      maximumBodySize: configuration.maximumBodySize)
  }

  deinit { pool.shutDown() }

  /// Closes all connections; requests under way throw ``HTTPError`` with the code `sessionClosed`, and so do later ones.
  ///
  /// Idempotent.
  ///
  /// ## Cancellation
  /// Makes no difference: it takes no longer than those requests take to notice.
  public func close() async { await pool.close() }

  // MARK: Requests

  /// Gets what is at a URL.
  ///
  /// ```swift
  /// let page = try await session.get("http://example.org/", timeout: .seconds(5)).raiseForStatus()
  /// ```
  ///
  /// - Parameters:
  ///   - url: an absolute `http` URL.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: ``HTTPURLError`` for a bad URL; otherwise as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func get(
    _ url: String, fields: HTTPFields = [:], timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await get(HTTPURL(url), fields: fields, timeout: timeout)
  }

  /// Gets what is at a URL.
  ///
  /// - Parameters:
  ///   - url: an absolute `http` URL.
  ///   - fields: fields beside those that the session adds.
  ///   - timeout: how long everything may take; the session's if nil.
  /// - Returns: the response with its whole body, whatever its status.
  /// - Throws: as `send`.
  ///
  /// ## Cancellation
  /// As for `send`.
  public func get(
    _ url: HTTPURL, fields: HTTPFields = [:], timeout: Duration? = nil
  ) async throws -> HTTPClientResponse {
    try await send(HTTPClientRequest(url: url, fields: fields, timeout: timeout))
  }

  /// Sends a request and reads the response with its whole body.
  ///
  /// A connection that was kept is used if there is one, the one used last first; otherwise one is made if
  /// `connectionsPerHost` allows, or waited for. If a kept connection turns out to have been closed by the server, a
  /// request with an idempotent method is sent once more, on a new one. Redirects are not followed.
  ///
  /// - Parameter request: what to send.
  /// - Returns: the response, whatever its status.
  /// - Throws: ``HTTPError``; ``HTTPCodecError`` for a response that breaks the protocol or a request that would;
  ///   `TimeoutError` when everything together takes too long; `CancellationError`.
  ///
  /// ## Cancellation
  /// Closes the connection of the request, if it has one. The server may have received the request all the same.
  public func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
    try Task.checkCancellation()
    guard request.url.scheme == .http else { throw HTTPError.unsupportedScheme(request) }
    let timeout = request.timeout ?? configuration.timeout
    guard timeout > .zero else { throw TimeoutError(after: timeout) }
    let deadline = LoopClock.now.advanced(by: timeout)
    do {
      var connection =
        if let kept = pool.acquireKept(request.url, until: deadline) { kept } else {
          try await pool.acquire(request.url, until: deadline)
        }
      while true {
        do {
          let (response, isReusable) = try await connection.exchange(request, rules)
          if isReusable { pool.release(connection) } else { pool.discard(connection) }
          return response
        } catch {
          if !connection.mayRetry(request.method, after: error) || Task.isCancelled {
            let cause = cause(of: error, on: connection, request)
            pool.discard(connection)
            throw cause
          }
        }
        // A new connection is not used yet, so that this happens once.
        connection = try await pool.replace(connection, until: deadline)
      }
    } catch is HTTPTimedOut {
      throw TimeoutError(after: timeout)
    } catch let error as IOError {
      throw HTTPError.connectionFailed(request, error)
    } catch is HTTPPoolClosed {
      throw HTTPError.sessionClosed(request)
    }
  }

  /// Tells why an exchange failed.
  private func cause(
    of error: any Error, on connection: HTTPConnection, _ request: HTTPClientRequest
  ) -> any Error {
    switch error {
    case let error as IOError:
      if error.code == .closed {
        // Closed here: by the deadline or with the session.
        return connection.deadline.hasExpired
          ? HTTPTimedOut(phase: connection.phase) : HTTPError.sessionClosed(request)
      }
      return HTTPError.connectionLost(request, connection.phase, error)
    case is HTTPNoResponse: return HTTPError.noResponse(request)
    case let error as HTTPBodyTooLarge: return HTTPError.bodyTooLarge(request, error)
    case let error as HTTPTooManyInterimResponses: return HTTPError.tooManyInterim(request, error)
    default: return error
    }
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
