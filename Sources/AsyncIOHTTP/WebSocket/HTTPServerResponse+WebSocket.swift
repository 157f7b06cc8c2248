import AsyncIOCoordination
import AsyncIORuntime
public import HTTPTypes
import Synchronization

extension HTTPServerResponse {
  /// Opens a WebSocket, if that is what the request asks for, and says otherwise what is wrong with it.
  ///
  /// ```swift
  /// let server = try HTTPServer(port: 8080) { request in
  ///   .webSocket(request) { socket in
  ///     for try await message in socket { try await socket.send(message) }
  ///   }
  /// }
  /// ```
  ///
  /// `body` runs when the response was sent, and the WebSocket is closed when it has returned. If it throws it is closed with
  /// 1011 and the error is reported as unhandled, unless it is a cancellation, or a ``WebSocketError`` by which `body` was told that
  /// this WebSocket has ended. When the server is closed gently the WebSocket is closed with 1001, and the server waits for `body`
  /// to return; when `serve` is cancelled, so is `body`.
  ///
  /// - Parameters:
  ///   - request: the request that is answered. One that is no handshake is answered with 426, 400, or 403 for a page that may
  ///     not connect.
  ///   - configuration: the limits and habits of the WebSocket.
  ///   - fields: fields of the response beside those of the handshake.
  ///   - body: uses the WebSocket.
  /// - Returns: the response, to be returned by the handler.
  public static func webSocket(
    _ request: HTTPServerRequest, configuration: WebSocketConfiguration = WebSocketConfiguration(),
    fields: HTTPFields = [:], _ body: @escaping @Sendable (WebSocket) async throws -> Void
  ) -> HTTPServerResponse {
    switch WebSocketAgreement.answer(request, configuration) {
    case .failure(let refusal): return refusal.response
    case .success(let (agreement, answer)):
      var response = HTTPServerResponse(
        status: .switchingProtocols, fields: fields.filter { answer[$0.name] == nil } + answer)
      let source = "the WebSocket of \(request)"
      response.body = .upgrade { connection in
        let closing = Mutex<Int?>(nil)
        var hadEnded = false
        defer { if let number = closing.withLock({ $0 }) { connection.server.forgetClosingAction(number) } }
        do {
          try await WebSocket.run(
            over: connection.stream, .server, input: connection.input, configuration, agreement,
            started: { socket in
              let number = connection.server.whenClosing {
                _ = EventLoop.makeChild { await socket.close(code: .goingAway) }
              }
              closing.withLock { $0 = number }
            },
            { socket in
              // Of other sockets, such as those of a relay, `body` may be told as well, while this one is open.
              defer { hadEnded = socket.closure != nil }
              try await body(socket)
            })
        } catch {
          if !Self.isEnd(error, ofWebSocket: hadEnded) { EventLoop.reportUnhandled(error, source: source) }
        }
      }
      return response
    }
  }

  /// Whether an error, or each of several, says no more than that a WebSocket has ended.
  private static func isEnd(_ error: any Error, ofWebSocket hadEnded: Bool) -> Bool {
    if let group = error as? ErrorGroup {
      return group.errors.allSatisfy { isEnd($0, ofWebSocket: hadEnded) }
    }
    if let error = error as? WebSocketError { return hadEnded && error.code != .handshakeFailed }
    return error is CancellationError
  }
}
