// Notifications come to whoever listens on a connection; the stream has the connection's turn as long as it is iterated, as it must
// wait for the socket all the time.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

/// What somebody has sent by `NOTIFY`.
public struct PostgresNotification: Sendable, Hashable {
  /// The name of the channel.
  public let channel: String
  /// What was said; empty if nothing.
  public let payload: String
  /// The process on the server that serves the sender's connection.
  public let sender: Int
}

extension PostgresConnection {
  /// What is sent to channels by `NOTIFY`, from the first wait on (psycopg's `notifies`).
  ///
  /// ```swift
  /// for try await notification in connection.notifications("jobs") { try await work(on: notification.payload) }
  /// ```
  ///
  /// The connection can do nothing else meanwhile; leaving the loop ends the listening. What is sent while nobody listens
  /// is lost: look for what there is to do when the first `listening` says that it has begun.
  ///
  /// - Parameters:
  ///   - channels: The names of the channels, at least one.
  ///   - onListening: Called when the server has begun to listen: nothing that is sent from then on is missed.
  /// - Returns: The notifications; it ends only by an error or a cancellation.
  public func notifications(
    _ channels: String..., onListening: @escaping @Sendable () -> Void = {}
  ) -> PostgresNotifications {
    precondition(!channels.isEmpty, "to listen takes 1 channel or more, not 0")
    return PostgresNotifications(connection: self, channels: channels, onListening: onListening)
  }

  /// Sends a notification to whoever listens to a channel; in a transaction, when that is committed.
  ///
  /// - Parameters:
  ///   - channel: The name of the channel.
  ///   - payload: What to say, up to 8000 bytes.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `query(_:)`.
  public func notify(_ channel: String, _ payload: String = "") async throws {
    try await execute("SELECT pg_notify(\(channel), \(payload))")
  }
}

/// Notifications as they come; made by `PostgresConnection.notifications`.
public struct PostgresNotifications: AsyncSequence, Sendable {
  /// One notification.
  public typealias Element = PostgresNotification

  let connection: PostgresConnection
  let channels: [String]
  let onListening: @Sendable () -> Void

  /// Makes an iterator, which listens from its first wait on.
  public func makeAsyncIterator() -> Iterator { Iterator(listener: Listener(self)) }

  /// Gives notifications.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let listener: Listener

    /// The next notification.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The notification; nil after an error.
    /// - Throws: `PostgresError`, when the connection is lost above all; `CancellationError`.
    ///
    /// ## Cancellation
    /// Ends the wait; the listening goes on, and the call may be repeated.
    public nonisolated(nonsending) mutating func next(
      isolation: (any Actor)? = #isolation
    ) async throws -> PostgresNotification? {
      try await listener.next()
    }
  }
}

/// Listens; used by one task.
private final class Listener {
  private enum State {
    /// Nothing was sent → listening, ended
    case new
    /// It has the connection's turn → ended
    case listening
    /// It has given the turn back.
    case ended
  }

  private let sequence: PostgresNotifications
  private var state = State.new
  private var connection: PostgresConnection { sequence.connection }

  init(_ sequence: PostgresNotifications) { self.sequence = sequence }

  deinit {
    if case .listening = state { connection.endListening() }
  }

  func next() async throws -> PostgresNotification? {
    if case .ended = state { return nil }
    if case .new = state { try await begin() }
    while true {
      if let notification = connection.session.takeNotification() { return notification }
      guard !connection.session.isLost else {
        state = .ended
        let error = connection.session.failure
        connection.endTurn()
        throw error
      }
      try await connection.session.receive()
    }
  }

  private func begin() async throws {
    let names = sequence.channels.joined(separator: ", ")
    try await connection.beginTurn("LISTEN \(names)")
    connection.keepTurn(for: "LISTEN \(names)")
    do {
      try await connection.session.performScript(
        sequence.channels.map { "LISTEN \(PostgresStatement.quoted($0))" }.joined(separator: "; "))
    } catch {
      if connection.session.isBusy { await connection.interrupt() }
      state = .ended
      connection.endTurn()
      throw error
    }
    state = .listening
    sequence.onListening()
  }
}

extension PostgresConnection {
  /// Ends the listening, and gives the turn back.
  fileprivate func endListening() {
    let session = session
    endReading()
    createTask(name: "end of listening to notifications") {
      do {
        try await withShield {
          try await withTimeout(Self.cancellationGrace) { try await session.performScript("UNLISTEN *") }
        }
        while session.takeNotification() != nil {}
      } catch {
        session.finish()
      }
      self.endTurn()
    }
  }
}

extension PostgresSession {
  /// A notification that has come, if any.
  func takeNotification() -> PostgresNotification? {
    guard let notification = unsafe PQnotifies(connection) else { return nil }
    defer { unsafe PQfreemem(notification) }
    return unsafe PostgresNotification(
      channel: String(cString: notification.pointee.relname),
      payload: String(cString: notification.pointee.extra),
      sender: Int(notification.pointee.be_pid))
  }
}
