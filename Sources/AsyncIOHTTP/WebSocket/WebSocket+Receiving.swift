import Synchronization

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
    defer { message.leave() }
    return try await body(message)
  }
}

/// A message that is received piece by piece, within the closure that it is given to.
public struct WebSocketIncomingMessage: AsyncSequence, Sendable {
  /// Some of the bytes of the message; those of a text may be cut in the middle of a character.
  public typealias Element = [UInt8]

  /// How far the message was given out, to whatever iterator.
  private enum State {
    /// These bytes are there, and perhaps all. Goes to `rest`, `ended`, `left`.
    case first([UInt8], isWhole: Bool)
    /// Pieces are to come. Goes to `ended`, `left`.
    case rest
    /// Everything was given out. Goes to `left`.
    case ended
    /// The closure has returned, and what comes next belongs to another message.
    case left
  }

  /// Shared by the iterators, as they share what comes.
  private final class Progress: Sendable {
    let state: Mutex<State>
    init(_ state: State) { self.state = Mutex(state) }
  }

  /// What the message consists of.
  public let kind: WebSocketMessage.Kind
  private let connection: WebSocketConnection
  private let progress: Progress

  init(
    kind: WebSocketMessage.Kind, _ connection: WebSocketConnection, _ first: [UInt8], isWhole: Bool
  ) {
    self.kind = kind
    self.connection = connection
    progress = Progress(.first(first, isWhole: isWhole))
  }

  /// Goes through the pieces.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let message: WebSocketIncomingMessage

    /// Receives the next piece.
    ///
    /// - Returns: the piece; nil after the last one. It has at most 128 KiB; only where a call that wanted the message as a whole
    ///   was cancelled in the middle of it, the first piece is all that had come by then.
    /// - Throws: ``WebSocketError`` when the connection has ended before the message; `CancellationError`.
    ///
    /// ## Cancellation
    /// Nothing has been received when it throws; the call may be repeated.
    public mutating func next() async throws -> [UInt8]? { try await message.next() }
  }

  /// An iterator; those of one message share what comes.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(message: self) }

  private func next() async throws -> [UInt8]? {
    let (first, isThere) = progress.state.withLock { state -> ([UInt8]?, Bool) in
      switch state {
      case .first(let bytes, let isWhole):
        state = isWhole ? .ended : .rest
        return (bytes.isEmpty ? nil : bytes, isWhole || !bytes.isEmpty)
      case .rest: return (nil, false)
      case .ended: return (nil, true)
      case .left:
        preconditionFailure(
          "A message of a WebSocket is received within the closure that it is given to, not after its end.")
      }
    }
    if isThere { return first }
    let (piece, isCut) = try await connection.inbox.nextPiece()
    if isCut { throw connection.error }
    if piece == nil { progress.state.withLock { $0 = .ended } }
    return piece
  }

  fileprivate func leave() { progress.state.withLock { $0 = .left } }
}
