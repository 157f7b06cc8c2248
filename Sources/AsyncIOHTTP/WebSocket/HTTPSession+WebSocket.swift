import AsyncIORuntime
public import HTTPTypes

extension HTTPSession {
  /// Opens a WebSocket, runs `body` with it, and closes it.
  ///
  /// ```swift
  /// try await session.webSocket("wss://example.org/feed") { socket in
  ///   for try await message in socket { print(message) }
  /// }
  /// ```
  ///
  /// The handshake is a request of the session: its fields, cookies, credentials, proxies, TLS and middleware are those of any other,
  /// and redirects are followed. The connection is one of its own, over HTTP/1.1: it does not count among the session's, and is closed when
  /// `body` has returned, whatever becomes of the session.
  ///
  /// - Parameters:
  ///   - url: an absolute URL with the scheme `ws` or `wss`, where `http` and `https` mean the same, or one relative to the
  ///     session's.
  ///   - parameters: what is added to the query.
  ///   - fields: fields beside those that the session adds.
  ///   - configuration: the limits and habits of the WebSocket.
  ///   - timeout: how long the handshake may take; the session's if nil.
  ///   - body: uses the WebSocket.
  /// - Returns: what `body` returns.
  /// - Throws: ``WebSocketError`` with the code `handshakeFailed` when the server does not agree; as `send` when it cannot be
  ///   asked; what `body` throws.
  ///
  /// ## Cancellation
  /// Goes to `body`; afterwards, and during the handshake, the connection is closed without waiting for the server.
  public func webSocket<Result>(
    _ url: some HTTPURLConvertible, parameters: HTTPParameters = [:], fields: HTTPFields = [:],
    configuration: WebSocketConfiguration = WebSocketConfiguration(), timeout: Duration? = nil,
    _ body: (WebSocket) async throws -> Result
  ) async throws -> Result {
    let asked = WebSocketRequest(configuration: configuration)
    var request = try Self.withHTTPScheme(url) { url throws(HTTPURLError) in
      try self.request(.get, url, parameters: parameters, fields: fields, body: .none, timeout: timeout)
    }
    for field in asked.fields { request.fields[field.name] = field.value }
    // Whatever else shares a connection, a WebSocket has one of its own, and that of HTTP/1.1.
    var ways = self.configuration
    ways.http2 = .off
    // A proxy that forwards requests knows nothing of WebSockets (RFC 6455 §4.1).
    ways.alwaysTunnels = true
    return try await withHTTPSession(ways) { session in
      try await session.run(asked, by: request, body)
    }
  }

  /// Does the handshake, and runs `body`.
  private func run<Result>(
    _ asked: WebSocketRequest, by request: HTTPClientRequest, _ body: (WebSocket) async throws -> Result
  ) async throws -> Result {
    try Task.checkCancellation()
    var call = try makeCall(request)
    call.isStreaming = true
    call.isUpgrading = true
    let response = try await sendInLayers(request, call)
    let agreement: WebSocketAgreement
    do {
      agreement = try asked.check(response)
    } catch {
      if response.status.code == 101, let connection = response.extras?.stream?.takeConnection() {
        pool.discard(connection)
      }
      await response.extras?.stream?.end()
      throw error
    }
    guard let connection = response.extras?.stream?.takeConnection() else {
      throw WebSocketError(
        code: .handshakeFailed,
        message: "\(response.url): a middleware has answered, and there is no connection",
        status: response.status)
    }
    defer { pool.discard(connection) }
    guard let stream = connection.stream.byteStream else {
      throw WebSocketError(
        code: .handshakeFailed, message: "\(response.url): the connection is that of HTTP/2")
    }
    connection.unbound()
    var input: [UInt8] = []
    connection.input.move(atMost: connection.input.count, to: &input)
    return try await WebSocket.run(over: stream, .client, input: input, asked.configuration, agreement, body)
  }

  /// Calls `body` with a URL whose scheme is the one of HTTP that is meant.
  private static func withHTTPScheme(
    _ url: some HTTPURLConvertible,
    _ body: (any HTTPURLConvertible) throws(HTTPURLError) -> HTTPClientRequest
  ) throws(HTTPURLError) -> HTTPClientRequest {
    guard let text = url as? String else { return try body(url) }
    for (scheme, other) in [("ws://", "http://"), ("wss://", "https://")]
    where text.prefix(scheme.count).lowercased() == scheme {
      return try body(other + text.dropFirst(scheme.count))
    }
    return try body(text)
  }
}

/// Opens a WebSocket, runs `body` with it, and closes it.
///
/// ```swift
/// try await withWebSocket("ws://127.0.0.1:8080/chat") { socket in
///   try await socket.send("hello")
///   for try await message in socket { print(message) }
/// }
/// ```
///
/// For several, or for more than the defaults, use `webSocket` of a session.
///
/// - Parameters:
///   - url: an absolute URL with the scheme `ws` or `wss`.
///   - fields: fields of the request.
///   - configuration: the limits and habits of the WebSocket.
///   - session: the limits and habits of the session that asks for it.
///   - body: uses the WebSocket.
/// - Returns: what `body` returns.
/// - Throws: as `HTTPSession.webSocket`.
///
/// ## Cancellation
/// As for `HTTPSession.webSocket`.
public func withWebSocket<Result>(
  _ url: some HTTPURLConvertible, fields: HTTPFields = [:],
  configuration: WebSocketConfiguration = WebSocketConfiguration(),
  session: HTTPSession.Configuration = HTTPSession.Configuration(),
  _ body: (WebSocket) async throws -> Result
) async throws -> Result {
  try await withHTTPSession(session) { session in
    try await session.webSocket(url, fields: fields, configuration: configuration, body)
  }
}
