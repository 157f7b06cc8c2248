// COPY from us: what the server takes is sent as it takes it, so that a slow server slows the writer.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

extension PostgresConnection {
  /// Sends rows by a `COPY … FROM STDIN`: the fastest way to fill a table.
  ///
  /// ```swift
  /// let count = try await connection.copyIn("COPY users (id, name) FROM STDIN") { copy in
  ///   for user in users { try await copy.write(row: user.id, user.name) }
  /// }
  /// ```
  ///
  /// All rows go in, or none: when `body` throws, the statement fails.
  ///
  /// - Parameters:
  ///   - sql: The statement; for `write(row:)` in the text format, which is the default.
  ///   - body: Writes the rows. It runs on the caller's actor.
  /// - Returns: How many rows went in.
  /// - Throws: What `body` throws; `PostgresError`, with the line in `context`, where the server does not accept them;
  ///   `CancellationError`.
  ///
  /// ## Cancellation
  /// Is up to `body`, whose writing throws; no row goes in.
  @discardableResult
  public func copyIn(_ sql: String, _ body: (PostgresCopyWriter) async throws -> Void) async throws -> Int {
    try await beginTurn(sql)
    keepTurn(for: sql)
    defer { endTurn() }
    do {
      try await session.beginCopy(sql, PGRES_COPY_IN)
      try await body(PostgresCopyWriter(session))
      try await session.endCopyIn(nil)
      return try await session.lastResult()?.affectedCount ?? 0
    } catch {
      let refusal = await abandonCopy(because: error)
      throw refusal ?? error
    }
  }

  /// Ends a COPY that has failed; returns what the server had against it, if that is why.
  private func abandonCopy(because error: any Error) async -> PostgresError? {
    guard session.isBusy else { return nil }
    let session = session
    do {
      return try await withShield {
        try await withTimeout(Self.cancellationGrace) {
          try await session.endCopyIn("given up by the client")
          do { _ = try await session.lastResult() } catch let refusal as PostgresError {
            // Otherwise it is our own giving up that comes back.
            return error is PostgresError && refusal.sqlState != .queryCanceled ? refusal : nil
          }
          return nil
        }
      }
    } catch {
      session.finish()
      return nil
    }
  }
}

/// Where the rows of a `COPY … FROM STDIN` are written; given to the body of `copyIn`, and not to be used after it.
public struct PostgresCopyWriter {
  private let session: PostgresSession

  init(_ session: PostgresSession) { self.session = session }

  /// Writes a row in the text format.
  ///
  /// - Parameter values: A value for each column.
  /// - Throws: `PostgresError` when the server has given up; `CancellationError`.
  ///
  /// ## Cancellation
  /// The row may be written in part; the `COPY` is then to be given up.
  public func write(row values: any PostgresEncodable...) async throws {
    var line: [UInt8] = []
    for (index, value) in values.enumerated() {
      if index > 0 { line.append(UInt8(ascii: "\t")) }
      switch value.postgresParameter {
      case .null: line.append(contentsOf: "\\N".utf8)
      case .text(let text): Self.append(text, to: &line)
      case .bytes(let bytes): Self.append(PostgresHex.write(bytes), to: &line)
      }
    }
    line.append(UInt8(ascii: "\n"))
    try await write(line)
  }

  /// Writes bytes in the format of the statement; lines may be cut anywhere.
  ///
  /// - Parameter bytes: At most 1 GiB at a time.
  /// - Throws: `PostgresError` when the server has given up; `CancellationError`.
  ///
  /// ## Cancellation
  /// The bytes may be written in part; the `COPY` is then to be given up.
  public func write(_ bytes: [UInt8]) async throws { try await session.putCopyData(bytes) }

  /// Appends a value as the text format wants it.
  private static func append(_ text: String, to line: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): line.append(contentsOf: "\\\\".utf8)
      case UInt8(ascii: "\n"): line.append(contentsOf: "\\n".utf8)
      case UInt8(ascii: "\r"): line.append(contentsOf: "\\r".utf8)
      case UInt8(ascii: "\t"): line.append(contentsOf: "\\t".utf8)
      default: line.append(byte)
      }
    }
  }
}

extension PostgresSession {
  /// How much may be kept here that the system has not taken.
  private static let copyBufferLimit = 64 * 1024

  func putCopyData(_ bytes: [UInt8]) async throws {
    if Descriptor.isOverBudget { try await checkpoint() }
    try Task.checkCancellation()
    while true {
      let outcome = unsafe bytes.withUnsafeBytes { buffer in
        unsafe PQputCopyData(
          connection, buffer.assumingMemoryBound(to: CChar.self).baseAddress, CInt(buffer.count))
      }
      if outcome == 1 { break }
      if outcome == -1 { throw failure }
      try await waitForEither()
    }
    unsentCopyBytes += bytes.count
    if unsentCopyBytes >= Self.copyBufferLimit {
      unsentCopyBytes = 0
      try await flush()
      // The server says nothing in the middle of a COPY but that it has given up.
      if hasInput() {
        takeIn()
        if unsafe PQisBusy(connection) == 0 { throw failure }
      }
    }
  }

  /// Ends a COPY from us, well or with an error for the server.
  func endCopyIn(_ error: String?) async throws {
    unsentCopyBytes = 0
    while true {
      let outcome = unsafe PQputCopyEnd(connection, error)
      if outcome == 1 { return try await flush() }
      // The server has given up: the results say why.
      if outcome == -1 { return }
      try await waitForEither()
    }
  }
}
