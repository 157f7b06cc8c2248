// One connection of libpq, without waiting on any thread: what would block waits for the loop's poller.
//
// Who may touch it: whoever has the turn of the connection that it belongs to, or has just made it, or has the last reference.
//
// What the poller watches is a duplicate of libpq's descriptor. libpq closes its own whenever it finds the connection lost, behind
// our back, and the number may be another file's at once; the duplicate is ours until we close it.
//
// Why no byte is waited for that is there already: the poller tells an event once, so each wait looks first with `poll`, and
// waits only if the system says that there is nothing; an event that comes in between is kept (PollSlot.swift). What TLS has
// taken in and not given out, no `poll` sees: it is asked for separately.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL
import Glibc

/// A connection of libpq on the poller of a loop.
@safe final class PostgresSession: @unchecked Sendable {
  // Sendable: see the head of this file.
  private(set) var connection: OpaquePointer?
  private let descriptor: Descriptor
  var statements: StatementCache
  /// The statement that is being performed, for errors.
  var statement: String?

  /// Whether the server has said that it ends the connection.
  private var hasEnded = false
  /// Bytes of a COPY that were handed to libpq since it has last sent all it had.
  var unsentCopyBytes = 0

  /// Takes over a connection that is made.
  init(_ connection: OpaquePointer?, statementCacheCapacity: Int) throws {
    unsafe self.connection = connection
    statements = StatementCache(capacity: statementCacheCapacity)
    do {
      let number = unsafe fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 3)
      guard number >= 0 else { throw IOError(.system, errno: errno, operation: "fcntl") }
      descriptor = try Descriptor(number)
    } catch {
      unsafe PQfinish(connection)
      throw error
    }
    unsafe PQsetnonblocking(connection, 1)
    // Otherwise notices go to the process's standard error.
    unsafe PQsetNoticeReceiver(connection, { _, _ in }, nil)
  }

  deinit { finish() }

  /// Says farewell to the server, and closes.
  ///
  /// Idempotent; what follows fails.
  func finish() {
    descriptor.close()
    unsafe PQfinish(connection)
    unsafe connection = nil
  }

  /// Whether nothing can be sent any more.
  var isLost: Bool { unsafe hasEnded || PQstatus(connection) == CONNECTION_BAD }

  var transactionStatus: PGTransactionStatusType { unsafe PQtransactionStatus(connection) }

  var failure: PostgresError {
    guard unsafe connection != nil else {
      return PostgresError(.closed, "the connection was closed", statement: statement)
    }
    return unsafe PostgresError(connection: connection, statement: statement)
  }

  /// Throws if a function of libpq has refused to send.
  func require(_ wasSent: CInt) throws {
    if wasSent != 1 { throw failure }
  }

  // MARK: Waiting

  /// Sends everything that is to be sent.
  func flush() async throws {
    while true {
      switch unsafe PQflush(connection) {
      case 0: return
      case 1: try await waitForEither()
      default:
        // What the server has said before it went is told with the result.
        if isLost, unsafe connection != nil { return }
        throw failure
      }
    }
  }

  /// Sends what can be sent without waiting; whether something is left.
  func flushSome() throws -> Bool {
    switch unsafe PQflush(connection) {
    case 0: return false
    case 1: return true
    default:
      if isLost, unsafe connection != nil { return false }
      throw failure
    }
  }

  /// Waits until something has come from the server, and takes it in.
  func receive() async throws {
    while try !isReady(.read) { try await descriptor.waitUntilReady(.read, "an answer of PostgreSQL") }
    takeIn()
  }

  /// Takes in what has come, without waiting; false when the connection is lost.
  @discardableResult
  func takeIn() -> Bool {
    repeat {
      guard unsafe PQconsumeInput(connection) == 1 else { return false }
    } while unsafe PostgresTLS.hasPending(connection)
    return true
  }

  /// Waits until the server takes more, or says something: it may wait for us to read before it goes on reading.
  func waitForEither() async throws {
    if try isReady(.write) { return }
    if try isReady(.read) { return takeIn().ignored() }
    _ = try await race(
      { try await self.descriptor.waitUntilReady(.write, "room at PostgreSQL") },
      { try await self.descriptor.waitUntilReady(.read, "an answer of PostgreSQL") })
    if try isReady(.read) { takeIn() }
  }

  /// Whether something has come, without waiting.
  ///
  /// The system is asked itself: what the poller knows may be of before.
  func hasInput() -> Bool {
    let found = try? descriptor.withNumber("poll") { number throws(IOError) in
      var entry = pollfd(fd: number, events: CShort(POLLIN), revents: 0)
      return unsafe poll(&entry, 1, 0) != 0
    }
    return found ?? true
  }

  private func isReady(_ direction: PollDirection) throws -> Bool {
    let mask = CShort(direction == .read ? POLLIN : POLLOUT)
    let found = try descriptor.attempt(
      direction, "poll",
      { number in
        var entry = pollfd(fd: number, events: mask, revents: 0)
        let count = unsafe poll(&entry, 1, 0)
        if count == 0 { errno = EAGAIN }
        return count > 0 ? 1 : -1
      }, isDrained: { _ in false })
    return found != nil
  }

  // MARK: Results

  /// The next result of what was sent; nil when there is none.
  func nextResult() async throws -> ResultHandle? {
    while unsafe PQisBusy(connection) == 1 {
      while try !isReady(.read) { try await descriptor.waitUntilReady(.read, "an answer of PostgreSQL") }
      // A connection that is lost is told with the result, together with the server's last words.
      if !takeIn() { break }
    }
    return unsafe PQgetResult(connection).map { unsafe ResultHandle($0) }
  }

  /// All that is left of what was sent, the last result; throws the first error.
  func lastResult() async throws -> ResultHandle? {
    var last: ResultHandle?
    var failure: (any Error)?
    while let result = try await nextResult() {
      if let error = error(of: result) {
        failure = failure ?? error
      } else {
        last = result
      }
      switch result.status {
      // Without this the server would wait for data, and we for its answer.
      case PGRES_COPY_IN, PGRES_COPY_BOTH, PGRES_COPY_OUT: try await endCopy(result.status)
      default: break
      }
      if isLost { break }
    }
    if let failure { throw failure }
    return last
  }

  /// Ends a COPY that nobody feeds or reads, so that the results behind it come.
  func endCopy(_ status: ExecStatusType) async throws {
    if status == PGRES_COPY_OUT {
      while try await nextCopyData() != nil {}
    } else {
      unsafe PQputCopyEnd(connection, "COPY from this program must go through copyIn")
      try await flush()
    }
  }

  /// The next line of a COPY to us; nil at its end, when the results follow.
  func nextCopyData() async throws -> [UInt8]? {
    while true {
      var line: UnsafeMutablePointer<CChar>?
      let count = unsafe PQgetCopyData(connection, &line, 1)
      if count > 0, let line = unsafe line {
        defer { unsafe PQfreemem(line) }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: line, count: Int(count)))
      }
      if count == -1 { return nil }
      if count == -2 { throw failure }
      while try !isReady(.read) { try await descriptor.waitUntilReady(.read, "an answer of PostgreSQL") }
      if !takeIn() { throw failure }
    }
  }

  /// The error of a result, if it is one.
  func error(of result: ResultHandle) -> PostgresError? {
    switch result.status {
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR: break
    default: return nil
    }
    var error = unsafe PostgresError(result: result.pointer, isLost: isLost, statement: statement)
    // Its last words: the end of the stream may not have come yet.
    if error.severity == "FATAL" || error.severity == "PANIC" {
      hasEnded = true
      error.code = .connectionLost
    }
    return error
  }
}

extension Bool {
  fileprivate func ignored() {}
}
