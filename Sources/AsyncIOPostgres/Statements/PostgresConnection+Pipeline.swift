extension PostgresConnection {
  /// Performs statements without waiting for each answer before the next is sent, as one transaction.
  ///
  /// ```swift
  /// let results = try await connection.pipeline(ids.map { "SELECT name FROM users WHERE id = \($0)" })
  /// ```
  ///
  /// It takes about the time of one round trip. Where no transaction is open they are one together: if one fails, all are undone,
  /// and those behind it are not performed.
  ///
  /// - Parameter statements: Any number; not `COPY`.
  /// - Returns: A result for each, in their order.
  /// - Throws: `PostgresError` of the first that fails, with its text in `statement`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Cancels them on the server, and waits for that; all are undone.
  public func pipeline(_ statements: [PostgresStatement]) async throws -> [PostgresResult] {
    guard let first = statements.first else { return [] }
    return try await withTurn(first.sql) { try await $0.performPipeline(statements) }.map(PostgresResult.init)
  }

  /// Performs one statement for each of several values, as one transaction and one pipeline (asyncpg's `executemany`).
  ///
  /// ```swift
  /// try await connection.executeMany(users) { "INSERT INTO users (id, name) VALUES (\($0.id), \($0.name))" }
  /// ```
  ///
  /// - Parameters:
  ///   - values: What to perform it for.
  ///   - statement: Makes the statement for a value.
  /// - Returns: How many rows were touched in all.
  /// - Throws: `PostgresError` of the first that fails; all are undone then. `CancellationError`.
  ///
  /// ## Cancellation
  /// Cancels them on the server, and waits for that; all are undone.
  @discardableResult
  public func executeMany<Values: Sequence>(
    _ values: Values, _ statement: (Values.Element) throws -> PostgresStatement
  ) async throws -> Int {
    try await pipeline(values.map(statement)).reduce(0) { $0 + $1.affectedRows }
  }
}
