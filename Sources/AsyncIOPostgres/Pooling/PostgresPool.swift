// A pool of connections is a `ResourcePool` that knows what a connection needs: how one is made, and whether it is still good.

public import AsyncIOCoordination
import AsyncIORuntime

/// Lends connections to one server (asyncpg's `Pool`).
///
/// ```swift
/// let pool = PostgresPool("postgresql://app@db.example/shop", ResourcePoolConfiguration(maximumSize: 10))
/// let users = try await pool.query("SELECT id, name FROM users", as: User.self)
/// try await pool.withTransaction { connection in
///   try await connection.execute("UPDATE accounts SET balance = balance - 10 WHERE id = \(from)")
///   try await connection.execute("UPDATE accounts SET balance = balance + 10 WHERE id = \(to)")
/// }
/// try await pool.close()
/// ```
///
/// A connection that comes back in a transaction, or was lost, is closed, and another one is made when it is needed. One that was
/// idle is looked at before it is lent: so after a restart of the server the pool gives good ones. What a statement such as `SET`
/// does to a connection stays until it is closed.
public final class PostgresPool: Sendable {
  /// The pool of connections: its limits and its state.
  public let connections: ResourcePool<PostgresConnection>
  /// Makes a connection that is not one of the pool's.
  let connect: @Sendable () async throws -> PostgresConnection

  /// Makes a pool; it connects when a connection is needed.
  ///
  /// - Parameters:
  ///   - address: As that of `PostgresConnection.connect`.
  ///   - configuration: How many connections, how old. `checkAfterIdle` says from when on the server is asked whether a connection is
  ///     good; before, it is only looked whether the server has closed it.
  ///   - connectTimeout: How long a connection may take to be made.
  ///   - statementCacheCapacity: How many statements a connection keeps prepared.
  ///   - onConnect: What to do with each new connection before it is used, such as `SET` statements.
  public init(
    _ address: String = "", _ configuration: ResourcePoolConfiguration = ResourcePoolConfiguration(),
    connectTimeout: Duration = .seconds(30), statementCacheCapacity: Int = 100,
    onConnect: @escaping @Sendable (PostgresConnection) async throws -> Void = { _ in }
  ) {
    let askAfter = configuration.checkAfterIdle
    var configuration = configuration
    configuration.checkAfterIdle = .zero
    let connect: @Sendable () async throws -> PostgresConnection = {
      let connection = try await PostgresConnection.connect(
        address, timeout: connectTimeout, statementCacheCapacity: statementCacheCapacity)
      do { try await onConnect(connection) } catch {
        await connection.close()
        throw error
      }
      return connection
    }
    self.connect = connect
    connections = ResourcePool(
      configuration, create: connect,
      destroy: { await $0.close() },
      isUsable: { try await $0.isAlive(afterIdle: $0.idleTime >= askAfter) },
      isBroken: { $0.isClosed || $0.isInTransaction })
  }

  /// Calls `body` with a connection, which goes back to the pool afterwards.
  ///
  /// - Parameter body: Runs on the caller's actor. It must not keep the connection.
  /// - Returns: What `body` returns.
  /// - Throws: As `ResourcePool.acquire`: what connecting throws, above all; what `body` throws.
  ///
  /// ## Cancellation
  /// While it waits for a connection, `body` is not called. Afterwards it is up to `body`; the connection goes back in any case.
  @discardableResult
  public func withConnection<Result>(
    _ body: (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    try await connections.withResource(body)
  }

  /// Calls `body` with a connection in a transaction, which is committed when it returns and rolled back when it throws.
  ///
  /// - Parameters:
  ///   - isolation: How much of what others do it sees; nil for what the server is set to.
  ///   - isReadOnly: Whether the server refuses changes.
  ///   - body: Runs on the caller's actor.
  /// - Returns: What `body` returns.
  /// - Throws: As `withConnection` and `PostgresConnection.withTransaction`.
  ///
  /// ## Cancellation
  /// As `PostgresConnection.withTransaction`.
  @discardableResult
  public func withTransaction<Result>(
    isolation: PostgresIsolation? = nil, isReadOnly: Bool = false,
    _ body: (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    try await withConnection { connection in
      try await connection.withTransaction(isolation: isolation, isReadOnly: isReadOnly) {
        try await body(connection)
      }
    }
  }

  /// Performs a statement on any of the connections, and returns its rows; see `PostgresConnection.query`.
  ///
  /// - Parameter statement: One statement, with its parameters.
  /// - Returns: The rows.
  /// - Throws: As `withConnection` and `PostgresConnection.query`.
  ///
  /// ## Cancellation
  /// As `PostgresConnection.query`.
  public func query(_ statement: PostgresStatement) async throws -> PostgresResult {
    try await withConnection { try await $0.query(statement) }
  }

  /// Performs a statement on any of the connections, and returns its rows as values; see `PostgresConnection.query`.
  ///
  /// - Parameters:
  ///   - statement: One statement, with its parameters.
  ///   - type: What a row is read as.
  /// - Returns: The values.
  /// - Throws: As `withConnection` and `PostgresConnection.query`.
  ///
  /// ## Cancellation
  /// As `PostgresConnection.query`.
  public func query<Value: Decodable>(_ statement: PostgresStatement, as type: Value.Type) async throws
    -> [Value]
  {
    try await withConnection { try await $0.query(statement, as: type) }
  }

  /// Performs a statement that gives one row with one value; see `PostgresConnection.queryValue`.
  ///
  /// - Parameters:
  ///   - statement: One statement, with its parameters.
  ///   - type: What the value is read as.
  /// - Returns: The value.
  /// - Throws: As `withConnection` and `PostgresConnection.queryValue`.
  ///
  /// ## Cancellation
  /// As `PostgresConnection.query`.
  public func queryValue<Value: PostgresDecodable>(
    _ statement: PostgresStatement, as type: Value.Type
  ) async throws -> Value {
    try await withConnection { try await $0.queryValue(statement, as: type) }
  }

  /// Performs a statement on any of the connections; see `PostgresConnection.execute`.
  ///
  /// - Parameter statement: One statement, with its parameters.
  /// - Returns: How many rows were touched.
  /// - Throws: As `withConnection` and `PostgresConnection.execute`.
  ///
  /// ## Cancellation
  /// As `PostgresConnection.query`.
  @discardableResult
  public func execute(_ statement: PostgresStatement) async throws -> Int {
    try await withConnection { try await $0.execute(statement) }
  }

  /// Lends no more connections, closes them as they come back, and waits until none is left.
  ///
  /// - Parameter grace: How long to wait at most; nil for as long as it takes.
  /// - Returns: How many connections are left.
  /// - Throws: `CancellationError`; the pool stays closed.
  ///
  /// ## Cancellation
  /// Ends the wait; the pool stays closed. The call may be repeated.
  @discardableResult
  public func close(grace: Duration? = nil) async throws -> Int { try await connections.close(grace: grace) }
}

extension PostgresPool: AsyncResource {
  /// Makes sure that a connection can be had.
  ///
  /// ```swift
  /// try await withResource(PostgresPool("postgresql://app@db.example/shop")) { pool in try await serve(with: pool) }
  /// ```
  ///
  /// - Returns: The pool itself.
  /// - Throws: What connecting throws.
  ///
  /// ## Cancellation
  /// Ends the wait; the pool is closed then.
  public func open() async throws -> PostgresPool {
    _ = try await connections.open()
    return self
  }

  /// Closes the pool, and waits until all connections have come back and were closed.
  ///
  /// ## Cancellation
  /// As `close(grace:)`.
  public func close(_ opened: PostgresPool, after exit: ExitCase) async throws { try await opened.close() }
}
