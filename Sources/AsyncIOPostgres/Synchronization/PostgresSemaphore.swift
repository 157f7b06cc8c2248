// A semaphore of advisory locks: permit i of a semaphore is the lock (hash of the name, i) of a session. The server gives the lock
// back when the session ends, however it ends: a process that dies keeps no permit.
//
// Who waits listens on its own connection, tries, and waits for a notification or a while, and tries again. It listens before it
// tries, so that a release in between is not missed.

import AsyncIOCoordination
import AsyncIORuntime

/// Lets a limited number of tasks in at a time, in all processes together: the shape of `AsyncSemaphore`.
///
/// ```swift
/// let imports = PostgresSemaphore(pool, name: "imports", permits: 2)
/// try await imports.withPermit { try await importEverything() }
/// ```
///
/// Who holds a permit, and who waits for one, has a connection of the pool to itself. A permit that a process holds when it dies, or
/// loses its connection, is free again. Those who wait are served in no particular order.
public final class PostgresSemaphore: Sendable {
  /// What it is known by on the server.
  public let name: String
  /// How many permits there are; all who use the semaphore give the same.
  public let permits: Int
  private let pool: PostgresPool
  private let retryInterval: Duration

  /// Makes a semaphore; on the server there is nothing to make.
  ///
  /// - Parameters:
  ///   - pool: Where the server is.
  ///   - name: What it is known by.
  ///   - permits: How many may be in at a time, at least 1.
  ///   - retryInterval: How long a permit may be free and unnoticed whose holder has died.
  public init(_ pool: PostgresPool, name: String, permits: Int, retryInterval: Duration = .seconds(1)) {
    precondition(permits > 0, "a semaphore has 1 permit or more, not \(permits)")
    self.pool = pool
    self.name = name
    self.permits = permits
    self.retryInterval = retryInterval
  }

  /// Calls `body` while it holds a permit.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: `PostgresError`; `CancellationError` while it waits for the permit; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits, `body` is not called. Afterwards it is up to `body`.
  @discardableResult
  public func withPermit<Result>(_ body: () async throws -> Result) async throws -> Result {
    try await pool.withConnection { connection in
      try await withResource(
        acquire: { try await acquire(on: connection) }, release: { try await release($0, on: connection) }
      ) { _ in try await body() }
    }
  }

  /// Calls `body` while it holds a permit, if one is free.
  ///
  /// - Parameter body: Runs on the caller's actor.
  /// - Returns: What `body` returns; nil if it was not called.
  /// - Throws: `PostgresError`; `CancellationError`; what `body` throws.
  ///
  /// ## Cancellation
  /// Is up to `body`.
  @discardableResult
  public func tryWithPermit<Result>(_ body: () async throws -> Result) async throws -> Result? {
    try await pool.withConnection { connection in
      guard let permit = try await tryAcquire(on: connection) else { return nil }
      return try await withResource(acquire: { permit }, release: { try await release($0, on: connection) }) {
        _ in
        try await body()
      }
    }
  }

  private var channel: String { "asyncio semaphore \(name)" }

  /// The number of a permit that was free; nil if none was.
  private func tryAcquire(on connection: PostgresConnection) async throws -> Int? {
    do {
      return try await connection.query(
        """
        SELECT i FROM generate_series(1, \(permits)::int) i WHERE pg_try_advisory_lock(hashtext(\(channel)), i) LIMIT 1
        """, as: Int.self
      ).first
    } catch {
      // It may have been taken when the cancellation came.
      if !connection.isClosed {
        _ = try await withShield { try await connection.execute("SELECT pg_advisory_unlock_all()") }
      }
      throw error
    }
  }

  private func acquire(on connection: PostgresConnection) async throws -> Int {
    if let permit = try await tryAcquire(on: connection) { return permit }
    try await connection.execute(script: "LISTEN \(PostgresStatement.quoted(channel))")
    do {
      while true {
        if let permit = try await tryAcquire(on: connection) {
          try await connection.execute(script: "UNLISTEN *")
          return permit
        }
        try await withTimeoutOrNil(retryInterval) { try await connection.waitForNotification() }
      }
    } catch {
      if !connection.isClosed {
        try await withShield {
          try await connection.execute(script: "UNLISTEN *; SELECT pg_advisory_unlock_all()")
        }
      }
      throw error
    }
  }

  private func release(_ permit: Int, on connection: PostgresConnection) async throws {
    // The server has given it back with the connection.
    if connection.isClosed { return }
    try await connection.execute(
      "SELECT pg_advisory_unlock(hashtext(\(channel)), \(permit)::int), pg_notify(\(channel), '')")
  }
}

extension PostgresConnection {
  /// Waits for a notification to whatever the connection listens to, and drops it and all that have come with it.
  func waitForNotification() async throws {
    try await withTurn("LISTEN") { session in
      while session.takeNotification() == nil {
        try await session.receive()
        if session.isLost { throw session.failure }
      }
      while session.takeNotification() != nil {}
    }
  }
}
