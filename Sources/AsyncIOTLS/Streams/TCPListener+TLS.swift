public import AsyncIONetwork
internal import AsyncIORuntime

extension TCPListener {
  /// Runs `handler` for each TLS connection, at most `limit` at a time, until the task is cancelled or the listener closed.
  ///
  /// ```swift
  /// let context = try TLSContext.server(certificateFile: "chain.pem", keyFile: "key.pem")
  /// try await listener.serve(tls: context) { stream in
  ///   while case let bytes = try await stream.read(atMost: 65_536), !bytes.isEmpty { try await stream.write(bytes) }
  /// }
  /// ```
  ///
  /// As `serve` without TLS in all else. Handshakes run in the connections' tasks, so that a slow one holds nobody up. A connection is
  /// closed with a farewell when its handler returns.
  ///
  /// - Parameters:
  ///   - context: Who the server is.
  ///   - limit: How many connections to serve at once; no limit if nil.
  ///   - onHandshakeFailure: Is told why a client got no connection; such clients are forgotten otherwise.
  ///   - handler: Serves one connection, as a task of its own.
  /// - Throws: `CancellationError`, or `IOError` when the socket fails; closing the listener ends it without an error, when
  ///   the handlers have ended by themselves.
  ///
  /// ## Cancellation
  /// Cancels the handlers and waits for their ends, also after the listener was closed.
  public func serve(
    tls context: TLSContext, limit: Int? = nil,
    onHandshakeFailure: (@Sendable (TLSError, TCPStream) -> Void)? = nil,
    _ handler: @escaping @Sendable (TLSStream<TCPStream>) async throws -> Void
  ) async throws {
    try await serve(limit: limit) { plain in
      let stream: TLSStream<TCPStream>
      do {
        stream = try await TLSStream.server(over: plain, context: context)
      } catch let error as TLSError {
        onHandshakeFailure?(error, plain)
        return
      }
      do {
        try await handler(stream)
      } catch let error as TLSError where error.code == .truncated {
        // Clients come and go, and many say no farewell.
      } catch {
        await stream.close()
        throw error
      }
      await stream.close()
    }
  }
}
