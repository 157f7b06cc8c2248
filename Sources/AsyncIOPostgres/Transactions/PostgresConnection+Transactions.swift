import AsyncIOCoordination
internal import CPostgreSQL
import Synchronization

/// How much of what others do at the same time a transaction sees.
public enum PostgresIsolation: String, Sendable {
  /// Each statement sees what was committed before it (the server's default).
  case readCommitted = "READ COMMITTED"
  /// All statements see what was committed before the first.
  case repeatableRead = "REPEATABLE READ"
  /// As if transactions were performed one after another; they may fail with `serializationFailure`, and are to be repeated then.
  case serializable = "SERIALIZABLE"
}

extension PostgresConnection {
  /// Calls `body` in a transaction, which is committed when it returns and rolled back when it throws.
  ///
  /// ```swift
  /// try await connection.withTransaction {
  ///   try await connection.execute("UPDATE accounts SET balance = balance - 10 WHERE id = \(from)")
  ///   try await connection.execute("UPDATE accounts SET balance = balance + 10 WHERE id = \(to)")
  /// }
  /// ```
  ///
  /// Within a transaction it makes a savepoint: what the inner body did is undone when it throws, and the outer one may go on. The
  /// transaction belongs to the connection: no other task is to use that meanwhile.
  ///
  /// - Parameters:
  ///   - isolation: How much of what others do it sees; nil for what the server is set to. Only for the outermost.
  ///   - isReadOnly: Whether the server refuses changes. Only for the outermost.
  ///   - body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws. `PostgresError` when the transaction cannot be begun or committed, also where a statement has failed
  ///   whose error `body` has caught.
  ///
  /// ## Cancellation
  /// Is up to `body`, which throws as a rule; the rollback, or the commit, is waited for in any case.
  @discardableResult
  public func withTransaction<Result>(
    isolation: PostgresIsolation? = nil, isReadOnly: Bool = false, _ body: () async throws -> Result
  ) async throws -> Result {
    let level = isInTransaction ? savepoints.wrappingAdd(1, ordering: .relaxed).newValue : 0
    return try await withResource(
      acquire: {
        try await begin(level, isolation, isReadOnly)
        return level
      },
      release: { level, exit in
        if case .succeeded = exit { try await self.commit(level) } else { try await self.rollBack(level) }
      }
    ) { _ in try await body() }
  }

  private func begin(_ level: Int, _ isolation: PostgresIsolation?, _ isReadOnly: Bool) async throws {
    guard level == 0 else { return try await execute(control: "SAVEPOINT asyncio_\(level)") }
    let wish = (isolation.map { " ISOLATION LEVEL \($0.rawValue)" } ?? "") + (isReadOnly ? " READ ONLY" : "")
    do { try await execute(control: "BEGIN\(wish)") } catch {
      // Cancelled when the server had begun it.
      if isInTransaction { try await withShield { try await rollBack(level) } }
      throw error
    }
  }

  private func commit(_ level: Int) async throws {
    guard level == 0 else { return try await execute(control: "RELEASE SAVEPOINT asyncio_\(level)") }
    let tag = try await withTurn("COMMIT") { session in
      try session.require(unsafe PQsendQuery(session.connection, "COMMIT"))
      try await session.flush()
      return try await session.lastResult()?.tag
    }
    // The server answers so when a statement of the transaction has failed.
    guard tag != "ROLLBACK" else {
      throw PostgresError(
        .refused, "the transaction was rolled back instead of committed, as a statement in it had failed",
        sqlState: .inFailedTransaction, statement: "COMMIT")
    }
  }

  private func rollBack(_ level: Int) async throws {
    // The transaction has gone with the connection.
    if isClosed { return }
    do {
      try await execute(
        control: level == 0
          ? "ROLLBACK" : "ROLLBACK TO SAVEPOINT asyncio_\(level); RELEASE SAVEPOINT asyncio_\(level)")
    } catch let error as PostgresError where error.code == .connectionLost {}
  }

  private func execute(control sql: String) async throws {
    try await withTurn(sql) { try await $0.performScript(sql) }
  }
}
