import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS

extension WebSocket {
  /// Sends a text message.
  ///
  /// It waits for its turn, and while the peer is slower. That it returns says that the message was handed to the system, not that
  /// the peer has received it. Large messages go out in several frames, so that pings are answered in between.
  ///
  /// - Parameter text: the message.
  /// - Throws: ``WebSocketError`` when the connection has ended, with the code `closed` if one of the sides has closed it;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// A message that still waits for its turn is not sent, nor is one that is not compressed and of which nothing was sent.
  /// Otherwise it is sent to its end all the same, without being waited for: the connection stays in order.
  public func send(_ text: String) async throws {
    var text = text
    try await send(.text, text.withUTF8 { unsafe Array($0) })
  }

  /// Sends a binary message.
  ///
  /// - Parameter bytes: the message.
  /// - Throws: as `send` of a text.
  ///
  /// ## Cancellation
  /// As of `send` of a text.
  public func send(_ bytes: [UInt8]) async throws { try await send(.binary, bytes) }

  /// Sends a message.
  ///
  /// - Parameter message: the message.
  /// - Throws: as `send` of a text.
  ///
  /// ## Cancellation
  /// As of `send` of a text.
  public func send(_ message: WebSocketMessage) async throws {
    switch message {
    case .text(let text): try await send(text)
    case .binary(let bytes): try await send(.binary, bytes)
    }
  }

  private func send(_ kind: WebSocketMessage.Kind, _ bytes: [UInt8]) async throws {
    do {
      try await connection.output.send(kind.opcode, bytes[...])
    } catch {
      throw await connection.reason(for: error)
    }
  }

  /// Sends a message piece by piece, each in a frame of its own.
  ///
  /// ```swift
  /// try await socket.send(streaming: .binary) { message in
  ///   while let piece = try await file.read(atMost: 65_536) { try await message.write(piece) }
  /// }
  /// ```
  ///
  /// Other messages wait until this one is complete. When `body` throws, the connection is closed with 1011: the peer must not
  /// take the part for the whole.
  ///
  /// - Parameters:
  ///   - kind: what the message consists of.
  ///   - body: writes the pieces.
  /// - Throws: as `send` of a text; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits for its turn, nothing is sent. After that it is as if `body` had thrown.
  public func send(
    streaming kind: WebSocketMessage.Kind, _ body: (WebSocketMessageWriter) async throws -> Void
  ) async throws {
    do {
      try await connection.output.takeTurn()
    } catch {
      throw await connection.reason(for: error)
    }
    let writer = WebSocketMessageWriter(kind, connection)
    do {
      try await body(writer)
      try await writer.finish()
      connection.output.endTurn()
    } catch {
      writer.end()
      connection.fail(.incomplete(), .internalError, "incomplete message")
      connection.output.endTurn()
      throw error
    }
  }
}

extension WebSocketConnection {
  /// What a sender is told whose message could not be sent.
  ///
  /// A lost connection may have been closed by a peer that has said why: what it said is waited for, which takes no longer than
  /// the reader needs to find the end. Those who stood in line when sending failed wait for the same.
  func reason(for error: any Error) async -> any Error {
    switch error {
    case is WebSocketOutputEnded where closure != nil: return self.error
    case is WebSocketOutputEnded, is IOError, is TLSError:
      sendingFailed()
      await waitForEnd()
      // A cancelled sender has not waited, and there may be nothing to tell yet.
      return Task.isCancelled && closure == nil ? CancellationError() : self.error
    default: return error
    }
  }
}

/// Writes a message piece by piece.
public final class WebSocketMessageWriter {
  private enum State {
    /// Pieces may be written. Goes to `ended`.
    case open
    /// The message has ended, or cannot be sent to its end.
    case ended
  }

  private let kind: WebSocketMessage.Kind
  private let connection: WebSocketConnection
  private var opcode: WebSocketOpcode
  private var state = State.open

  init(_ kind: WebSocketMessage.Kind, _ connection: WebSocketConnection) {
    self.kind = kind
    self.connection = connection
    opcode = kind.opcode
  }

  /// Writes a piece of a binary message.
  ///
  /// - Parameter bytes: the piece; nothing is sent for an empty one.
  /// - Throws: ``WebSocketError``; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the message incomplete, so that no more can be written and the connection is closed.
  public func write(_ bytes: [UInt8]) async throws {
    precondition(kind == .binary, "A text message is written as text, so that no character is cut in two.")
    if !bytes.isEmpty { try await write(bytes[...], isLast: false) }
  }

  /// Writes a piece of a text message.
  ///
  /// - Parameter text: the piece; nothing is sent for an empty one.
  /// - Throws: ``WebSocketError``; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the message incomplete, so that no more can be written and the connection is closed.
  public func write(_ text: String) async throws {
    precondition(kind == .text, "A binary message is written as bytes.")
    if !text.isEmpty { try await write(Array(text.utf8)[...], isLast: false) }
  }

  func finish() async throws { try await write([], isLast: true) }

  func end() { state = .ended }

  private func write(_ bytes: ArraySlice<UInt8>, isLast: Bool) async throws {
    guard case .open = state else { throw WebSocketError.incomplete() }
    state = .ended
    var sending = WebSocketOutput.Sending(kind: opcode, payload: bytes)
    sending.isLast = isLast
    sending.isCompressed = connection.output.compresses
    do {
      try await connection.output.send(&sending, endsTurn: false)
    } catch {
      throw await connection.reason(for: error)
    }
    opcode = .continuation
    if !isLast { state = .open }
  }
}
