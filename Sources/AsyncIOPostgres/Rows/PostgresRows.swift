// Rows one by one: the server sends them as they are asked for, and no faster than they are read, as libpq gives one at a time and
// takes in no more than it has room for.
//
// The turn of the connection belongs to the reader from its first row to its last. One that is left in its middle hands it to a
// task that stops the statement on the server and gives the turn back.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

extension PostgresConnection {
  /// The rows of a statement, one by one, for more than fit into memory.
  ///
  /// ```swift
  /// for try await row in connection.rows("SELECT id, body FROM messages") {
  ///   try await archive(row["id", as: Int.self], row["body", as: String.self])
  /// }
  /// ```
  ///
  /// The statement is performed when the first row is asked for; the server waits when the rows are read slowly. Until the last is
  /// read the connection can do nothing else. Leaving the loop early cancels the statement on the server.
  ///
  /// - Parameter statement: One statement, with its parameters.
  /// - Returns: The rows; each iteration performs the statement anew.
  public func rows(_ statement: PostgresStatement) -> PostgresRows {
    PostgresRows(connection: self, statement: statement)
  }
}

/// Rows that come one by one; made by `PostgresConnection.rows`.
public struct PostgresRows: AsyncSequence, Sendable {
  /// One row.
  public typealias Element = PostgresRow

  let connection: PostgresConnection
  let statement: PostgresStatement

  /// Makes an iterator; the statement is performed when its first row is asked for.
  public func makeAsyncIterator() -> Iterator { Iterator(reader: RowReader(connection, statement)) }

  /// Reads rows.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let reader: RowReader

    /// The next row; nil behind the last.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The row.
    /// - Throws: `PostgresError`, also in the middle of the rows; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the statement on the server, and ends the iteration.
    public nonisolated(nonsending) mutating func next(
      isolation: (any Actor)? = #isolation
    ) async throws -> PostgresRow? {
      try await reader.next()
    }
  }
}

/// Reads the rows of a statement; used by one task.
private final class RowReader {
  private enum State {
    /// Nothing was sent → reading, ended
    case new
    /// It has the connection's turn → ended
    case reading(PostgresColumns?)
    /// It has given the turn back.
    case ended
  }

  private let connection: PostgresConnection
  private let statement: PostgresStatement
  private var state = State.new

  init(_ connection: PostgresConnection, _ statement: PostgresStatement) {
    self.connection = connection
    self.statement = statement
  }

  deinit {
    if case .reading = state { connection.abandonTurn() }
  }

  func next() async throws -> PostgresRow? {
    if case .ended = state { return nil }
    if case .new = state { try await begin() }
    do {
      if let row = try await read() { return row }
      end()
      return nil
    } catch {
      if connection.session.isBusy { await connection.interrupt() }
      end()
      throw error
    }
  }

  private func begin() async throws {
    try await connection.beginTurn(statement.sql)
    connection.keepTurn(for: statement.sql)
    state = .reading(nil)
    do {
      try await connection.session.send(statement)
      _ = unsafe PQsetSingleRowMode(connection.session.connection)
    } catch {
      if connection.session.isBusy { await connection.interrupt() }
      end()
      throw error
    }
  }

  private func end() {
    state = .ended
    connection.endTurn()
  }

  private func read() async throws -> PostgresRow? {
    if Descriptor.isOverBudget { try await checkpoint() }
    let session = connection.session
    while let result = try await session.nextResult() {
      if let error = session.error(of: result) { throw error }
      guard result.status == PGRES_SINGLE_TUPLE else { continue }
      guard case .reading(let known) = state else { return nil }
      let columns = known ?? result.columns
      if known == nil { state = .reading(columns) }
      return PostgresRow(result: result, index: 0, names: columns)
    }
    return nil
  }
}
