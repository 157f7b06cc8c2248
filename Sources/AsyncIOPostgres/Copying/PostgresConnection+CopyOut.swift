// COPY to us: lines as the server sends them.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

extension PostgresConnection {
  /// What a `COPY … TO STDOUT` gives, line by line: the fastest way to read a whole table.
  ///
  /// ```swift
  /// for try await line in connection.copyOut("COPY users TO STDOUT (FORMAT csv)") { try await file.write(line) }
  /// ```
  ///
  /// The server waits when the lines are read slowly. Leaving the loop early cancels the statement on the server.
  ///
  /// - Parameter sql: The statement.
  /// - Returns: Lines with their ends, in the format that the statement says; in the binary format, pieces.
  public func copyOut(_ sql: String) -> PostgresCopyOut { PostgresCopyOut(connection: self, sql: sql) }
}

/// The lines of a `COPY`; made by `PostgresConnection.copyOut`.
public struct PostgresCopyOut: AsyncSequence, Sendable {
  /// A line with its end.
  public typealias Element = [UInt8]

  let connection: PostgresConnection
  let sql: String

  /// Makes an iterator; the statement is performed when its first line is asked for.
  public func makeAsyncIterator() -> Iterator { Iterator(reader: CopyReader(connection, sql)) }

  /// Reads lines.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let reader: CopyReader

    /// The next line; nil behind the last.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The line, with its end.
    /// - Throws: `PostgresError`; `CancellationError`.
    ///
    /// ## Cancellation
    /// Cancels the statement on the server, and ends the iteration.
    public nonisolated(nonsending) mutating func next(
      isolation: (any Actor)? = #isolation
    ) async throws -> [UInt8]? {
      try await reader.next()
    }
  }
}

/// Reads the lines of a COPY; used by one task.
private final class CopyReader {
  private enum State {
    /// Nothing was sent → reading, ended
    case new
    /// It has the connection's turn → ended
    case reading
    /// It has given the turn back.
    case ended
  }

  private let connection: PostgresConnection
  private let sql: String
  private var state = State.new

  init(_ connection: PostgresConnection, _ sql: String) {
    self.connection = connection
    self.sql = sql
  }

  deinit {
    if case .reading = state { connection.abandonTurn() }
  }

  func next() async throws -> [UInt8]? {
    if case .ended = state { return nil }
    do {
      if case .new = state { try await begin() }
      if Descriptor.isOverBudget { try await checkpoint() }
      if let line = try await connection.session.nextCopyData() { return line }
      _ = try await connection.session.lastResult()
      end()
      return nil
    } catch {
      if case .reading = state {
        if connection.session.isBusy { await connection.interrupt() }
        end()
      }
      throw error
    }
  }

  private func begin() async throws {
    try await connection.beginTurn(sql)
    connection.keepTurn(for: sql)
    state = .reading
    try await connection.session.beginCopy(sql, PGRES_COPY_OUT)
  }

  private func end() {
    state = .ended
    connection.endTurn()
  }
}

extension PostgresSession {
  /// Performs a COPY up to where the data begin.
  func beginCopy(_ sql: String, _ expected: ExecStatusType) async throws {
    try checkText(sql)
    try require(unsafe PQsendQuery(connection, sql))
    try await flush()
    let result = try await nextResult()
    if let result, let error = error(of: result) {
      _ = try? await lastResult()
      throw error
    }
    guard result?.status == expected else {
      let direction =
        expected == PGRES_COPY_OUT ? "copyOut is for COPY … TO STDOUT" : "copyIn is for COPY … FROM STDIN"
      if let result, result.status == PGRES_COPY_IN || result.status == PGRES_COPY_OUT {
        // Ends what has begun; the error that the server then has is not what the caller must know.
        try await endCopy(result.status)
      }
      _ = try? await lastResult()
      throw PostgresError(.invalid, "\(direction), and this statement is another one", statement: sql)
    }
  }
}
