// Statements sent without waiting for the answers to those before them. libpq gives the results in order: of each statement its
// own, then nothing; of the end of the pipeline one that says so.
//
// Why it does not stand still when both sides have much to say: while something is left to send, results are taken as they come,
// and where the system takes no more bytes both directions are waited for.

import AsyncIORuntime
internal import CPostgreSQL

/// What a pipeline is to give next.
private enum Expected {
  case preparation(sql: String, name: String)
  case result(Int)
  case end
}

extension PostgresSession {
  /// Performs statements as one pipeline, and one transaction where none is open.
  ///
  /// - Throws: The error of the first statement that fails.
  func performPipeline(_ pipeline: [PostgresStatement]) async throws -> [ResultHandle] {
    for statement in pipeline { try checkText(statement.sql) }
    try await forgetObsolete()
    guard unsafe PQenterPipelineMode(connection) == 1 else { throw failure }
    var run = PipelineRun(session: self, pipeline: pipeline)
    try await run.toEnd()
    guard unsafe PQexitPipelineMode(connection) == 1 else { throw failure }
    return try run.results()
  }

  /// Reads a pipeline that was left in its middle to its end.
  func drainPipeline() async throws {
    _ = unsafe PQpipelineSync(connection)
    try await flush()
    while !isLost {
      let result = try await nextResult()
      if result?.status == PGRES_PIPELINE_SYNC, unsafe PQexitPipelineMode(connection) == 1 { return }
    }
  }
}

/// A pipeline under way.
private struct PipelineRun {
  let session: PostgresSession
  let pipeline: [PostgresStatement]
  private var expected: [Expected] = []
  private var received = 0
  private var sent = 0
  private var hasEnded = false
  private var preparing: [String: String] = [:]
  private var handles: [ResultHandle] = []
  private var failure: PostgresError?

  init(session: PostgresSession, pipeline: [PostgresStatement]) {
    self.session = session
    self.pipeline = pipeline
    handles.reserveCapacity(pipeline.count)
  }

  func results() throws -> [ResultHandle] {
    if let failure { throw failure }
    return handles
  }

  mutating func toEnd() async throws {
    while !hasEnded {
      try sendPortion()
      if try session.flushSome() {
        // The system takes no more for now: make room by reading.
        try await session.waitForEither()
        takeResults()
      } else if sent > pipeline.count {
        try await takeOne()
        takeResults()
      } else {
        takeResults()
        if Descriptor.isOverBudget { try await checkpoint() }
      }
      if session.isLost { throw failure ?? session.failure }
    }
  }

  /// How many statements, and how many bytes, are sent before results are looked for.
  private static let portion = 64
  private static let portionBytes = 256 * 1024

  private mutating func sendPortion() throws {
    let end = min(sent + Self.portion, pipeline.count)
    var bytes = 0
    while sent < end, bytes < Self.portionBytes {
      let statement = pipeline[sent]
      let parameters = try ParameterBuffer(statement)
      bytes += parameters.byteCount
      try send(statement, parameters)
      expected.append(.result(sent))
      sent += 1
    }
    if sent == pipeline.count {
      try session.require(unsafe PQpipelineSync(session.connection))
      expected.append(.end)
      sent += 1
    } else if sent < pipeline.count {
      // Otherwise the server may keep its answers until the end.
      try session.require(unsafe PQsendFlushRequest(session.connection))
    }
  }

  private mutating func send(_ statement: PostgresStatement, _ parameters: ParameterBuffer) throws {
    let sql = statement.sql
    if let name = session.statements.name(of: sql) ?? preparing[sql] {
      return try session.sendPrepared(name, parameters)
    }
    guard let name = session.statements.newName() else { return try session.sendUnprepared(sql, parameters) }
    try session.require(unsafe PQsendPrepare(session.connection, name, sql, 0, nil))
    preparing[sql] = name
    expected.append(.preparation(sql: sql, name: name))
    try session.sendPrepared(name, parameters)
  }

  /// Takes results as long as that needs no waiting.
  private mutating func takeResults() {
    while !hasEnded, received < expected.count, unsafe PQisBusy(session.connection) == 0 {
      take(unsafe PQgetResult(session.connection).map { unsafe ResultHandle($0) })
    }
  }

  private mutating func takeOne() async throws { take(try await session.nextResult()) }

  /// Takes a result, or the end of a statement's results.
  private mutating func take(_ result: ResultHandle?) {
    guard let result else { return received += 1 }
    switch expected[received] {
    case .end:
      if result.status == PGRES_PIPELINE_SYNC { hasEnded = true }
    case .preparation(let sql, let name):
      note(result, sql)
      if result.status == PGRES_COMMAND_OK { session.statements.insert(sql, name: name) }
    case .result(let index):
      note(result, pipeline[index].sql)
      handles.append(result)
    }
  }

  private mutating func note(_ result: ResultHandle, _ sql: String) {
    session.statement = sql
    if failure == nil, let error = session.error(of: result) { failure = error }
  }
}
