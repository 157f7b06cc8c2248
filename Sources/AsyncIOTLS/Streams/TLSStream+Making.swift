// How TLS streams come to be: by connecting, or over a stream that is there already.

public import AsyncIONetwork

extension TLSStream where Base == TCPStream {
  /// Connects to `host` on `port` over TCP, and does the handshake.
  ///
  /// ```swift
  /// let stream = try await TLSStream.connect(host: "example.org", port: 443)
  /// ```
  ///
  /// - Parameters:
  ///   - host: A name, which the server's certificate must be for; or a numeric address, likewise.
  ///   - port: The port.
  ///   - serverName: What the certificate must be for instead, and what the server is told.
  ///   - context: Whom to trust and what to speak; verifies with the system's authorities if nil.
  /// - Returns: A connection whose peer is verified.
  /// - Throws: `IOError`; `TLSError`, whose code names what is wrong with the peer's certificate; `CancellationError`.
  ///
  /// ## Cancellation
  /// The connection is aborted.
  public static func connect(
    host: String, port: Int, serverName: String? = nil, context: TLSContext? = nil
  ) async throws -> TLSStream<TCPStream> {
    let context = try context ?? TLSContext.systemClient.get()
    let stream = try await TCPStream.connect(host: host, port: port)
    return try await client(over: stream, serverName: serverName ?? host, context: context)
  }
}

extension TLSStream {
  /// Begins TLS on a connected stream, as its client (STARTTLS; asyncio's `start_tls`).
  ///
  /// ```swift
  /// try await plain.write("STARTTLS\r\n")
  /// …
  /// let stream = try await TLSStream.client(over: plain, serverName: "mail.example.org")
  /// ```
  ///
  /// - Parameters:
  ///   - base: The stream below; nobody else may use it from now on. It is closed when this throws.
  ///   - serverName: The name, or numeric address, that the server's certificate must be for.
  ///   - context: Whom to trust and what to speak; verifies with the system's authorities if nil.
  ///   - buffered: What was read from `base` beyond the plain conversation, and belongs to TLS.
  /// - Returns: The stream, whose peer is verified.
  /// - Throws: `TLSError`, whose code names what is wrong with the peer's certificate; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The stream below is aborted.
  public static func client(
    over base: Base, serverName: String, context: TLSContext? = nil, buffered: [UInt8] = []
  ) async throws -> TLSStream<Base> {
    let context = try context ?? TLSContext.systemClient.get()
    precondition(context.side == .client, "a client needs a context that was made by TLSContext.client")
    let stream = try TLSStream(over: base, context: context, serverName: serverName)
    try await stream.shakeHands(buffered)
    return stream
  }

  /// Begins TLS on a connected stream, as its server.
  ///
  /// - Parameters:
  ///   - base: The stream below; nobody else may use it from now on. It is closed when this throws.
  ///   - context: Who the server is.
  ///   - buffered: What was read from `base` beyond the plain conversation, and belongs to TLS.
  /// - Returns: The stream.
  /// - Throws: `TLSError`; `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The stream below is aborted.
  public static func server(
    over base: Base, context: TLSContext, buffered: [UInt8] = []
  ) async throws -> TLSStream<Base> {
    precondition(context.side == .server, "a server needs a context that was made by TLSContext.server")
    let stream = try TLSStream(over: base, context: context, serverName: nil)
    try await stream.shakeHands(buffered)
    return stream
  }
}
