// How statements are performed: each that has parameters, or may have, is prepared once and kept.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

extension PostgresSession {
  /// Whether the server works on something, or has results that were not read.
  var isBusy: Bool {
    !isLost && (transactionStatus == PQTRANS_ACTIVE || isInPipeline)
  }

  var isInPipeline: Bool { unsafe PQpipelineStatus(connection) != PQ_PIPELINE_OFF }

  /// Performs a statement to its end.
  ///
  /// What was prepared before may be out of date: the table has changed since, or somebody has said DEALLOCATE. It is prepared again
  /// then, once: what is refused as soon as it is prepared is refused for its own sake, with the same codes.
  func perform(_ statement: PostgresStatement) async throws -> ResultHandle {
    let mayBeOutdated = statements.isPrepared(statement.sql) && transactionStatus == PQTRANS_IDLE
    do {
      return try await performOnce(statement)
    } catch let error as PostgresError
      where mayBeOutdated
      && (error.sqlState == .featureNotSupported || error.sqlState == .invalidStatementName)
    {
      statements.remove(statement.sql)
      return try await performOnce(statement)
    }
  }

  private func performOnce(_ statement: PostgresStatement) async throws -> ResultHandle {
    try await send(statement)
    guard let result = try await lastResult() else { throw failure }
    return result
  }

  /// Performs statements without parameters.
  func performScript(_ sql: String) async throws {
    try checkText(sql)
    try require(unsafe PQsendQuery(connection, sql))
    try await flush()
    _ = try await lastResult()
  }

  /// Sends a statement, prepared if it can be; its results are to be read.
  func send(_ statement: PostgresStatement) async throws {
    try checkText(statement.sql)
    let parameters = try ParameterBuffer(statement)
    try await forgetObsolete()
    if let name = try await prepare(statement.sql) {
      try sendPrepared(name, parameters)
    } else {
      try sendUnprepared(statement.sql, parameters)
    }
    try await flush()
  }

  /// The name under which a statement is prepared, which it is if need be; nil if none is kept.
  private func prepare(_ sql: String) async throws -> String? {
    if let name = statements.name(of: sql) { return name }
    guard let name = statements.newName() else { return nil }
    try require(unsafe PQsendPrepare(connection, name, sql, 0, nil))
    try await flush()
    _ = try await lastResult()
    statements.insert(sql, name: name)
    return name
  }

  func sendPrepared(_ name: String, _ parameters: ParameterBuffer) throws {
    try unsafe require(
      parameters.withPointers { values in
        unsafe PQsendQueryPrepared(
          connection, name, CInt(parameters.lengths.count), values, parameters.lengths, parameters.formats, 0)
      })
  }

  func sendUnprepared(_ sql: String, _ parameters: ParameterBuffer) throws {
    try unsafe require(
      parameters.withPointers { values in
        unsafe PQsendQueryParams(
          connection, sql, CInt(parameters.lengths.count), nil, values, parameters.lengths,
          parameters.formats, 0)
      })
  }

  /// Has the server forget what is not used any more; in a failed transaction it would refuse.
  func forgetObsolete() async throws {
    guard !statements.obsolete.isEmpty, transactionStatus == PQTRANS_IDLE else { return }
    let script = statements.takeObsolete().map { "DEALLOCATE \($0);" }.joined(separator: " ")
    do { try await performScript(script) } catch let error as PostgresError {
      // Somebody has said DEALLOCATE ALL.
      if error.sqlState != .invalidStatementName { throw error }
    }
  }

  func checkText(_ sql: String) throws {
    if sql.utf8.contains(0) {
      throw PostgresError(.invalid, "the text of the statement has a zero character in it", statement: sql)
    }
  }

  /// Asks the server to stop, and reads what it still says.
  func cancel() async throws {
    if let handle = unsafe PQgetCancel(connection) {
      // It makes a connection of its own, and blocks.
      let request = unsafe CancelRequest(handle)
      try await withBlocking(onCancel: .abandon, name: "cancellation of a PostgreSQL statement") {
        try request.send()
      }
    }
    try await drain()
  }

  /// Reads results to their end, whatever they say.
  private func drain() async throws {
    if isInPipeline { return try await drainPipeline() }
    try await flush()
    while !isLost {
      do {
        _ = try await lastResult()
        return
      } catch is PostgresError {}
    }
  }
}

/// What a connection is cancelled with.
@safe private final class CancelRequest: @unchecked Sendable {
  // Sendable: libpq says that it may be used by any thread, while others use the connection.
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { unsafe self.handle = handle }

  deinit { unsafe PQfreeCancel(handle) }

  func send() throws {
    var message = [CChar](repeating: 0, count: 256)
    guard unsafe PQcancel(handle, &message, CInt(message.count)) == 1 else {
      let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw PostgresError(.connectionLost, "the server could not be asked to stop: \(text)")
    }
  }
}
