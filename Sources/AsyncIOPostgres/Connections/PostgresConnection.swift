// A connection does one thing at a time: whoever wants something stands in line for its turn, in the order in which they came. Rows
// that are read one by one, and notifications, keep the turn for longer, and between two of them the program may do something
// else with the connection: that would wait for ever for itself, so that it is refused instead.
//
// Cancelled before its turn: the call throws, and nothing was sent. While the server works: the server is asked to stop, on a
// connection of its own, and what it still says is read, before the call throws; so whoever comes next finds the connection in
// order. At the instant at which the answer comes: if it was there the call returns it. When the server does not stop in time the
// connection is closed. From other threads: the turn is a lock of ours. Closed while others wait for their turn: they find
// it closed. The loop shutting down: as cancelled.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL
import Synchronization

/// A connection to a PostgreSQL server.
///
/// ```swift
/// let connection = try await PostgresConnection.connect("postgresql://app@db.example/shop")
/// let users = try await connection.query("SELECT id, name FROM users WHERE age > \(17)", as: User.self)
/// try await connection.close()
/// ```
///
/// What many tasks do at the same time needs several connections: `PostgresPool` lends them. Statements that tasks give to one
/// connection at the same time are performed one after another.
public final class PostgresConnection: Sendable {
  /// What state the connection is in, when nobody uses it.
  enum Condition: UInt8, AtomicRepresentable {
    /// Ready, in no transaction.
    case idle
    /// In a transaction, good or failed.
    case inTransaction
    /// Nothing can be done with it any more.
    case unusable
  }

  let session: PostgresSession
  let turn = AsyncLock()
  private let reading = Mutex<String?>(nil)
  private let condition = Atomic<Condition>(.idle)
  let savepoints = Atomic<Int>(0)
  private let lastUse = Atomic<Int64>(LoopClock.now.nanoseconds)
  /// How long the server may take to stop a statement whose task was cancelled.
  static let cancellationGrace = Duration.seconds(10)

  init(_ session: PostgresSession) { self.session = session }

  /// Whether the connection was lost or closed, as far as is known.
  public var isClosed: Bool { condition.load(ordering: .acquiring) == .unusable }

  /// How long nobody has used it.
  var idleTime: Duration { .nanoseconds(LoopClock.now.nanoseconds - lastUse.load(ordering: .relaxed)) }

  /// Whether a transaction is open.
  public var isInTransaction: Bool { condition.load(ordering: .acquiring) == .inTransaction }

  /// Says farewell to the server, and closes the connection, when what is being done with it is done.
  ///
  /// Idempotent. A connection that nobody refers to any more is closed too.
  ///
  /// ## Cancellation
  /// Does not end it.
  public func close() async {
    _ = try? await withShield {
      try await turn.acquire()
      session.finish()
      endTurn()
    }
  }

  // MARK: Statements

  /// Performs a statement, and returns its rows.
  ///
  /// ```swift
  /// for row in try await connection.query("SELECT id, name FROM users WHERE age > \(17)") {
  ///   print(try row["id", as: Int.self], try row["name", as: String.self])
  /// }
  /// ```
  ///
  /// The statement is prepared when it is performed for the first time, and kept for the next. All rows are in memory then: for
  /// more than fit there is `rows`.
  ///
  /// - Parameter statement: One statement, with its parameters.
  /// - Returns: The rows.
  /// - Throws: `PostgresError`; `CancellationError`.
  /// - Complexity: One round trip; two for a statement that is new to the connection.
  ///
  /// ## Cancellation
  /// Cancels the statement on the server, and waits for that. A statement that had taken effect by then has taken effect, unless
  /// it is in a transaction that is rolled back.
  public func query(_ statement: PostgresStatement) async throws -> PostgresResult {
    PostgresResult(try await withTurn(statement.sql) { try await $0.perform(statement) })
  }

  /// Performs a statement, and returns its rows as values.
  ///
  /// ```swift
  /// let users = try await connection.query("SELECT id, name FROM users", as: User.self)
  /// let names = try await connection.query("SELECT name FROM users", as: String.self)
  /// ```
  ///
  /// - Parameters:
  ///   - statement: One statement, with its parameters.
  ///   - type: What a row is read as; see `PostgresRow.decode`.
  /// - Returns: The values, in the order of the rows.
  /// - Throws: `PostgresError`; `CancellationError`; what the type's decoding throws.
  ///
  /// ## Cancellation
  /// As `query(_:)`.
  public func query<Value: Decodable>(_ statement: PostgresStatement, as type: Value.Type) async throws
    -> [Value]
  {
    try await query(statement).map { try $0.decode(type) }
  }

  /// Performs a statement that gives one row with one value, such as a count (asyncpg's `fetchval`).
  ///
  /// ```swift
  /// let count = try await connection.queryValue("SELECT count(*) FROM users", as: Int.self)
  /// ```
  ///
  /// - Parameters:
  ///   - statement: One statement, with its parameters.
  ///   - type: What the value is read as.
  /// - Returns: The first value of the only row.
  /// - Throws: `PostgresError`, with the code `unexpectedRows` if it is not one row; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `query(_:)`.
  public func queryValue<Value: PostgresDecodable>(
    _ statement: PostgresStatement, as type: Value.Type
  ) async throws -> Value {
    let result = try await query(statement)
    guard result.count == 1, !result.columns.isEmpty else {
      throw PostgresError(
        .unexpectedRows, "one value was asked for, and the statement has given \(result.count) rows",
        statement: statement.sql)
    }
    return try result[0][0, as: type]
  }

  /// Performs a statement, and returns how many rows it has touched.
  ///
  /// ```swift
  /// let deleted = try await connection.execute("DELETE FROM visits WHERE day < \(limit)")
  /// ```
  ///
  /// - Parameter statement: One statement, with its parameters.
  /// - Returns: How many rows were inserted, updated, deleted or given.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `query(_:)`.
  @discardableResult
  public func execute(_ statement: PostgresStatement) async throws -> Int {
    try await withTurn(statement.sql) { try await $0.perform(statement) }.affectedCount
  }

  /// Performs any number of statements without parameters, separated by semicolons, as one transaction unless they say otherwise.
  ///
  /// For the making of tables, and the like. They are not prepared.
  ///
  /// - Parameter sql: The statements.
  /// - Throws: `PostgresError`, of the first that fails: those before it are undone; `CancellationError`.
  ///
  /// ## Cancellation
  /// As `query(_:)`.
  public func execute(script sql: String) async throws {
    try await withTurn(sql) { try await $0.performScript(sql) }
  }

  // MARK: Turns

  /// Calls `body` when it is this task's turn, and leaves the connection in order.
  func withTurn<Result>(
    _ statement: String, _ body: (PostgresSession) async throws -> Result
  ) async throws -> Result {
    try await beginTurn(statement)
    defer { endTurn() }
    do {
      return try await body(session)
    } catch {
      if session.isBusy { await interrupt() }
      throw error
    }
  }

  func beginTurn(_ statement: String) async throws {
    if let reader = reading.withLock({ $0 }) {
      throw PostgresError(
        .busy,
        "the connection still gives what \"\(reader.prefix(60))\" has asked for: read it to its end first, or take another connection",
        statement: statement)
    }
    try await turn.acquire()
    session.statement = statement
  }

  func endTurn() {
    if session.isLost { session.finish() }
    condition.store(
      session.isLost ? .unusable : session.transactionStatus == PQTRANS_IDLE ? .idle : .inTransaction,
      ordering: .releasing)
    reading.withLock { $0 = nil }
    lastUse.store(LoopClock.now.nanoseconds, ordering: .relaxed)
    turn.release()
  }

  /// Says that the turn will be kept beyond the current call.
  func keepTurn(for statement: String) { reading.withLock { $0 = statement } }

  /// Stops what the server is doing, and reads what it still says; closes the connection if that fails.
  func interrupt() async {
    let session = session
    do {
      try await withShield {
        try await withTimeout(Self.cancellationGrace) { try await session.cancel() }
      }
    } catch {
      session.finish()
    }
  }

  /// Gives the turn back after a use that was left in its middle, when the connection is in order again.
  func abandonTurn() {
    endReading()
    createTask(name: "end of a statement whose rows were not all read") {
      if self.session.isBusy { await self.interrupt() }
      self.endTurn()
    }
  }

  /// Lets whoever comes stand in line, as nobody reads any more.
  func endReading() { reading.withLock { $0 = nil } }

  /// Whether an idle connection is good still: it is asked if it has not been used for a while, otherwise it is looked at.
  func isAlive(afterIdle: Bool) async throws -> Bool {
    guard !isClosed else { return false }
    guard session.hasInput() || afterIdle else { return true }
    // Nothing comes to an idle connection but its end, and words about settings.
    do {
      try await withTurn("") { try await $0.performScript("") }
      return !isClosed
    } catch let error as PostgresError {
      _ = error
      return false
    }
  }
}
