// A WebSocket as programs see it. What it consists of, and who may do what at a time, says Connection/WebSocketConnection.swift.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
public import HTTPTypes

/// A connection over which both sides send messages whenever they like (RFC 6455).
///
/// ```swift
/// try await withWebSocket("ws://127.0.0.1:8080/chat") { socket in
///   try await socket.send("hello")
///   for try await message in socket { print(message) }
/// }
/// ```
///
/// It belongs to the closure that it is given to, and is closed when that has ended. Any number of tasks may send: each message
/// goes out as a whole, in the order of the calls. One task at a time receives.
///
/// Whether or not anybody receives, pings are answered, and the peer's silence and its farewell are noticed, until more has come
/// than ``WebSocketConfiguration/readAhead`` allows; then the peer has to wait.
public final class WebSocket: Sendable {
  let connection: WebSocketConnection
  /// The protocol of the application that both sides have agreed on, if they have.
  public let subprotocol: String?
  /// Whether messages are compressed.
  public let isCompressed: Bool
  /// The fields of the server's response to a client, or of the client's request to a server.
  public let fields: HTTPFields

  init(_ connection: WebSocketConnection, _ agreement: WebSocketAgreement) {
    self.connection = connection
    subprotocol = agreement.subprotocol
    isCompressed = agreement.compression != nil
    fields = agreement.fields
  }

  /// How it was closed; nil while it is open.
  public var closure: WebSocketClosure? { connection.closure }

  /// Sends a ping, and waits for the peer's answer.
  ///
  /// The answer comes behind what the peer has sent before. Where more of that waits to be received than
  /// ``WebSocketConfiguration/readAhead`` allows, it cannot be seen: let another task receive meanwhile.
  ///
  /// - Returns: how long that took.
  /// - Throws: ``WebSocketError`` when the connection has ended, and with the code `pingTimeout` when no answer was seen within
  ///   ``WebSocketConfiguration/pingTimeout``, where the connection stays as it is; `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the wait; the ping is sent all the same. The call may be repeated.
  @discardableResult
  public func ping() async throws -> Duration { try await connection.ping() }

  /// Says farewell, and waits until the peer has done so too and the connection is closed.
  ///
  /// Messages whose sending has begun before are sent first; later ones are refused. What has come can still be received; what
  /// comes from now on is dropped. It takes ``WebSocketConfiguration/closeTimeout`` at most: then the connection is cut. Idempotent:
  /// the first code counts, also if it was the peer's.
  ///
  /// - Parameters:
  ///   - code: why; one of RFC 6455, or from 3000 on one of the application's.
  ///   - reason: why in words, at most 123 bytes of UTF-8.
  ///
  /// ## Cancellation
  /// The farewell is sent all the same, after the frame that is being written, and is not waited for. Nothing follows it: what is
  /// left of a message then, and messages that are still waiting for their turn, are not sent, and their senders get a
  /// ``WebSocketError`` with the code `closed`.
  public func close(code: WebSocketCloseCode = .normal, reason: String = "") async {
    precondition(
      code.isSendable || (code == .noStatus && reason.isEmpty), "A WebSocket cannot be closed with \(code).")
    precondition(
      reason.utf8.count <= WebSocketFrameHeader.controlLimit - 2,
      "The reason of a close frame has at most 123 bytes, not \(reason.utf8.count).")
    await connection.close(code, reason)
  }
}

/// What a handshake has agreed on.
struct WebSocketAgreement: Sendable {
  var subprotocol: String?
  var compression: WebSocketCompressionAgreement?
  var fields: HTTPFields = [:]
}

extension WebSocket {
  /// Runs `body` with a WebSocket over a stream on which the handshake was done, and closes it.
  ///
  /// - Parameters:
  ///   - stream: closed at the end.
  ///   - role: which side this is.
  ///   - input: what was read of the stream already.
  ///   - configuration: the limits and habits.
  ///   - agreement: what the handshake has agreed on.
  ///   - started: is told of the socket before anything else.
  ///   - body: uses the socket.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  ///
  /// ## Cancellation
  /// Goes to `body`. When that has ended the farewell is sent as far as that needs no waiting, and the connection is closed.
  static func run<Result>(
    over stream: any ByteStream, _ role: WebSocketConnection.Role, input: [UInt8] = [],
    _ configuration: WebSocketConfiguration, _ agreement: WebSocketAgreement,
    started: (WebSocket) -> Void = { _ in }, _ body: (WebSocket) async throws -> Result
  ) async throws -> Result {
    let connection = WebSocketConnection(
      over: stream, role, configuration, compression: agreement.compression)
    let socket = WebSocket(connection, agreement)
    let reader = EventLoop.makeChild { await connection.read(input) }
    started(socket)
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(try await body(socket))
      await connection.close(.normal, "")
    } catch {
      outcome = .failure(error)
      if !Task.isCancelled { await connection.close(.internalError, "") }
    }
    if Task.isCancelled { await connection.abandon(.goingAway) }
    _ = try? await reader.value
    return try outcome.get()
  }
}
