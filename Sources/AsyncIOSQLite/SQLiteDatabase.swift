// A database in a file, beside the loop: SQLite's functions block, so that GRDB calls them on threads of its own, and the loop goes on.
//
// One connection writes, and several read at the same time, each what was committed when it began (SQLite's write-ahead log). A
// connection belongs to one call at a time, from its first statement to its last: so a call's body is a closure that runs on the
// connection's thread, and not async.
//
// Cancelled before a connection is free: the call throws. While the body runs: GRDB interrupts the statement, each further one
// fails, and a transaction is rolled back; the call throws when the body has ended. At the instant of its end: what it did is done.
// The loop shutting down: as cancelled.

@_exported public import GRDB
import AsyncIOCoordination

/// An SQLite database, for use beside an event loop (aiosqlite).
///
/// ```swift
/// let database = try await SQLiteDatabase.open("shop.sqlite")
/// try await database.write { db in
///   try db.execute(sql: "CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
///   try db.execute(literal: "INSERT INTO users (name) VALUES (\(name))")
/// }
/// let names = try await database.fetchAll(String.self, "SELECT name FROM users WHERE id > \(7)")
/// ```
///
/// What is done with a connection is GRDB's: its `Database`, its records, its queries.
public final class SQLiteDatabase: Sendable {
  /// GRDB's own object, for what is not here, such as observing changes.
  public let writer: any DatabaseWriter

  private init(_ writer: any DatabaseWriter) { self.writer = writer }

  /// Opens a database, and makes the file if there is none.
  ///
  /// - Parameters:
  ///   - path: The file; beside it SQLite keeps two others while the database is open.
  ///   - configuration: GRDB's: how many read at the same time, how long to wait for other processes, and so on.
  /// - Returns: The database.
  /// - Throws: GRDB's `DatabaseError`, which says what SQLite has against the file.
  ///
  /// ## Cancellation
  /// Is looked for before; the opening itself is waited for.
  public static func open(_ path: String, configuration: Configuration = Configuration()) async throws
    -> SQLiteDatabase
  {
    try await withBlocking(name: "opening of an SQLite database") {
      SQLiteDatabase(try DatabasePool(path: path, configuration: configuration))
    }
  }

  /// Makes a database in memory, which is gone with the object; reads and writes take turns.
  ///
  /// - Returns: The database.
  /// - Throws: GRDB's `DatabaseError`.
  ///
  /// ## Cancellation
  /// Is looked for before.
  public static func inMemory() async throws -> SQLiteDatabase {
    try await withBlocking(name: "opening of an SQLite database") { SQLiteDatabase(try DatabaseQueue()) }
  }

  /// Calls `body` with a connection that reads, all of it from the same state of the database.
  ///
  /// - Parameter body: Runs on a thread beside the loop.
  /// - Returns: What `body` returns.
  /// - Throws: GRDB's `DatabaseError`; what `body` throws; `CancellationError`.
  ///
  /// ## Cancellation
  /// Interrupts the statement that runs.
  public func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
    try Task.checkCancellation()
    return try await writer.read(body)
  }

  /// Calls `body` with the connection that writes, in a transaction: committed when it returns and rolled back when it throws.
  ///
  /// Within it, `db.inSavepoint` is a transaction in the transaction.
  ///
  /// - Parameter body: Runs on a thread beside the loop.
  /// - Returns: What `body` returns.
  /// - Throws: GRDB's `DatabaseError`; what `body` throws; `CancellationError`.
  ///
  /// ## Cancellation
  /// Interrupts the statement that runs; the transaction is rolled back, unless it was committed at that instant.
  public func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
    try Task.checkCancellation()
    return try await writer.write(body)
  }

  /// Performs statements in a transaction.
  ///
  /// ```swift
  /// try await database.execute("DELETE FROM visits WHERE day < \(limit)")
  /// ```
  ///
  /// - Parameter sql: One or more; a value in the text becomes a parameter.
  /// - Returns: How many rows the last has touched.
  /// - Throws: GRDB's `DatabaseError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `write`.
  @discardableResult
  public func execute(_ sql: SQL) async throws -> Int {
    try await write { db in
      try db.execute(literal: sql)
      return db.changesCount
    }
  }

  /// Reads all rows of a query as values.
  ///
  /// Each connection keeps the statement prepared, for the next time.
  ///
  /// - Parameters:
  ///   - type: What a row is read as: a type with GRDB's `FetchableRecord`, which `Decodable` types get for nothing.
  ///   - sql: The query; a value in the text becomes a parameter.
  /// - Returns: The values, in the order of the rows.
  /// - Throws: GRDB's `DatabaseError`; `RowDecodingError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `read`.
  public func fetchAll<Value: FetchableRecord & Sendable>(_ type: Value.Type, _ sql: SQL) async throws
    -> [Value]
  {
    try await read { db in try SQLRequest<Value>(literal: sql, cached: true).fetchAll(db) }
  }

  /// Reads the first column of all rows of a query.
  ///
  /// - Parameters:
  ///   - type: What the column is read as, such as `Int` or `String`.
  ///   - sql: The query; a value in the text becomes a parameter.
  /// - Returns: The values, in the order of the rows.
  /// - Throws: GRDB's `DatabaseError`; `RowDecodingError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `read`.
  public func fetchAll<Value: DatabaseValueConvertible & Sendable>(
    _ type: Value.Type, _ sql: SQL
  ) async throws -> [Value] {
    try await read { db in try SQLRequest<Value>(literal: sql, cached: true).fetchAll(db) }
  }

  /// Waits for what is being done, and closes the database; what comes later fails.
  ///
  /// - Throws: GRDB's `DatabaseError`.
  ///
  /// ## Cancellation
  /// Is looked for before; the closing itself is waited for.
  public func close() async throws {
    let writer = writer
    try await withBlocking(name: "closing of an SQLite database") { try writer.close() }
  }
}
