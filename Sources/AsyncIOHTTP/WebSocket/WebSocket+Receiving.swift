extension WebSocket: AsyncSequence {
  /// A message.
  public typealias Element = WebSocketMessage

  /// Goes through the messages.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let socket: WebSocket

    /// Receives the next message.
    ///
    /// - Returns: the message; nil when the connection was closed in order: here, or by the peer with 1000, 1001 or no code.
    /// - Throws: ``WebSocketError``, which says why the connection has ended otherwise; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing has been received when it throws; the call may be repeated.
    public func next() async throws -> WebSocketMessage? {
      if let message = try await socket.receiveIfOpen() { return message }
      if socket.connection.isOrderly { return nil }
      throw socket.connection.error
    }
  }

  /// An iterator; those of one socket share what comes.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(socket: self) }

  /// Receives a message, and waits for one if none is there.
  ///
  /// - Returns: the message, of at most ``WebSocketConfiguration/maximumMessageSize`` bytes.
  /// - Throws: ``WebSocketError`` when the connection has ended, with the code `closed` if one of the sides has closed it;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been received when it throws; the call may be repeated.
  public func receive() async throws -> WebSocketMessage {
    guard let message = try await receiveIfOpen() else { throw connection.error }
    return message
  }

  private func receiveIfOpen() async throws -> WebSocketMessage? {
    do {
      return try await connection.inbox.nextMessage(upTo: connection.configuration.maximumMessageSize)
    } catch let violation as WebSocketViolation {
      connection.fail(.violated(violation), violation.code, violation.message)
      throw connection.error
    }
  }

  /// Receives a message piece by piece, however large it is.
  ///
  /// ```swift
  /// try await socket.receive { message in
  ///   for try await piece in message { try await file.write(piece) }
  /// }
  /// ```
  ///
  /// What `body` leaves of the message is passed over.
  ///
  /// - Parameter body: what to do with the message.
  /// - Returns: what `body` returns; nil when the connection was closed in order.
  /// - Throws: ``WebSocketError``, which says why the connection has ended otherwise; what `body` throws.
  ///
  /// ## Cancellation
  /// As `body` has it; before that nothing has been received.
  public func receive<Result>(
    _ body: (WebSocketIncomingMessage) async throws -> Result
  ) async throws -> Result? {
    guard let (kind, bytes, isWhole) = try await connection.inbox.nextBeginning() else {
      if connection.isOrderly { return nil }
      throw connection.error
    }
    let message = WebSocketIncomingMessage(kind: kind, connection, bytes, isWhole: isWhole)
    return try await body(message)
  }
}

/// A message that is received piece by piece, within the closure that it is given to.
public struct WebSocketIncomingMessage: AsyncSequence, Sendable {
  /// Some of the bytes of the message; those of a text may be cut in the middle of a character.
  public typealias Element = [UInt8]

  /// What the message consists of.
  public let kind: WebSocketMessage.Kind
  private let connection: WebSocketConnection
  private let first: [UInt8]
  private let isWhole: Bool

  init(
    kind: WebSocketMessage.Kind, _ connection: WebSocketConnection, _ first: [UInt8], isWhole: Bool
  ) {
    self.kind = kind
    self.connection = connection
    self.first = first
    self.isWhole = isWhole
  }

  /// Goes through the pieces.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private enum State {
      case first
      case rest
      case ended
    }

    private let message: WebSocketIncomingMessage
    private var state = State.first

    init(_ message: WebSocketIncomingMessage) { self.message = message }

    /// Receives the next piece.
    ///
    /// - Returns: the piece, of at most 128 KiB; nil after the last one.
    /// - Throws: ``WebSocketError`` when the connection has ended before the message; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing has been received when it throws; the call may be repeated.
    public mutating func next() async throws -> [UInt8]? {
      if case .first = state {
        state = message.isWhole ? .ended : .rest
        if !message.first.isEmpty { return message.first }
      }
      guard case .rest = state else { return nil }
      let (piece, isCut) = try await message.connection.inbox.nextPiece()
      if isCut { throw message.connection.error }
      if piece == nil { state = .ended }
      return piece
    }
  }

  /// An iterator; to be made once.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}
