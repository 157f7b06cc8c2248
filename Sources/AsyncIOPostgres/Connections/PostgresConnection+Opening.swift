// Making a connection. libpq resolves names, reads files and computes proofs of passwords in it, each of which may block for
// milliseconds and more: so its steps are made on a thread, and what they wait for, on the poller.

import AsyncIOCoordination
import AsyncIORuntime
internal import CPostgreSQL

extension PostgresConnection {
  /// Connects to a server.
  ///
  /// ```swift
  /// let connection = try await PostgresConnection.connect("postgresql://app:secret@db.example:5432/shop?sslmode=verify-full")
  /// ```
  ///
  /// - Parameters:
  ///   - address: A URL, or words such as `host=/run/postgresql dbname=shop`, as libpq's documentation says in 34.1.1. What it leaves
  ///     out comes from the environment (`PGHOST`, `PGUSER` and so on). TLS is libpq's: `sslmode`, `sslrootcert`, …
  ///   - timeout: How long it may take.
  ///   - statementCacheCapacity: How many statements are kept prepared; 0 for none, as some proxies between connection and server
  ///     need it.
  /// - Returns: The connection.
  /// - Throws: `PostgresError` with the code `connectionFailed`, and the server's `sqlState` if it was the server that has refused;
  ///   `TimeoutError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Closes what was begun.
  public static func connect(
    _ address: String = "", timeout: Duration = .seconds(30), statementCacheCapacity: Int = 100
  ) async throws -> PostgresConnection {
    precondition(
      statementCacheCapacity >= 0, "a connection keeps 0 statements or more, not \(statementCacheCapacity)")
    let session = try await withTimeout(timeout) {
      try await open(address, statementCacheCapacity)
    }
    return PostgresConnection(session)
  }

  private static func open(_ address: String, _ capacity: Int) async throws -> PostgresSession {
    let attempt = try await withBlocking(name: "connection to PostgreSQL") { try ConnectionAttempt(address) }
    while true {
      switch attempt.status {
      case PGRES_POLLING_OK:
        return try unsafe PostgresSession(attempt.take(), statementCacheCapacity: capacity)
      case PGRES_POLLING_READING: try await EventLoop.wait(readable: attempt.socket)
      case PGRES_POLLING_WRITING: try await EventLoop.wait(writable: attempt.socket)
      default: throw attempt.failure
      }
      try await withBlocking(name: "connection to PostgreSQL") { attempt.goOn() }
    }
  }
}

/// A connection that is being made.
@safe private final class ConnectionAttempt: @unchecked Sendable {
  // Sendable: used by one task, and by the threads that it waits for.
  private var connection: OpaquePointer?
  /// As libpq says: before the first step, wait as if to write.
  private(set) var status = PGRES_POLLING_WRITING

  init(_ address: String) throws {
    if address.utf8.contains(0) {
      throw PostgresError(.connectionFailed, "the address has a zero character in it")
    }
    // `dbname` may be a whole address; what stands before it are defaults.
    unsafe connection = Self.start([("client_encoding", "UTF8"), ("dbname", address)])
    // The only way to learn the code of what the server has against the connection.
    unsafe PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    unsafe PQsetNoticeReceiver(connection, { _, _ in }, nil)
    if unsafe PQstatus(connection) == CONNECTION_BAD { throw failure }
  }

  deinit { unsafe PQfinish(connection) }

  private static func start(_ options: [(name: String, value: String)]) -> OpaquePointer? {
    let strings = options.map { (Array($0.name.utf8CString), Array($0.value.utf8CString)) }
    var names: [UnsafePointer<CChar>?] = unsafe []
    var values: [UnsafePointer<CChar>?] = unsafe []
    func withStrings(_ rest: ArraySlice<([CChar], [CChar])>) -> OpaquePointer? {
      guard let (name, value) = rest.first else {
        return unsafe PQconnectStartParams(names + [nil], values + [nil], 1)
      }
      return unsafe name.withUnsafeBufferPointer { name in
        unsafe value.withUnsafeBufferPointer { value in
          unsafe names.append(name.baseAddress)
          unsafe values.append(value.baseAddress)
          return unsafe withStrings(rest.dropFirst())
        }
      }
    }
    return unsafe withStrings(strings[...])
  }

  var socket: CInt { unsafe PQsocket(connection) }

  var failure: PostgresError { unsafe PostgresError(failedConnection: connection) }

  func goOn() { status = unsafe PQconnectPoll(connection) }

  /// Gives the connection away.
  func take() -> OpaquePointer? {
    defer { unsafe connection = nil }
    unsafe PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
    return unsafe connection
  }
}
