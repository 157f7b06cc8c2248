import AsyncIOPostgres
import AsyncIOSystem
import Glibc
import Testing

/// The server that the tests use; Tests/Databases/with-postgres starts it.
enum Server {
  static let address = variable("ASYNCIO_POSTGRES")
  static let tcpAddress = variable("ASYNCIO_POSTGRES_TCP") ?? ""
  static let certificate = variable("ASYNCIO_POSTGRES_CERTIFICATE") ?? ""
  static let script = variable("ASYNCIO_POSTGRES_SERVER") ?? ""

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  struct Missing: Error, CustomStringConvertible {
    var description: String {
      "there is no server to test with: run Tests/Databases/with-postgres swift test"
    }
  }

  /// Whether there is a server; throws where there must be one.
  static func isThere() throws -> Bool {
    if address != nil { return true }
    if variable("CI") != nil { throw Missing() }
    return false
  }

  static func connect(_ more: String = "") async throws -> PostgresConnection {
    try await PostgresConnection.connect("\(address ?? "") \(more)")
  }
}

extension Trait where Self == ConditionTrait {
  /// Needs a server; skipped, with these words, where there is none, and failed where CI is set.
  static var postgres: Self {
    .enabled("SKIPPED, as there is no PostgreSQL: run Tests/Databases/with-postgres swift test") {
      try Server.isThere()
    }
  }
}

/// Calls `body` with a connection, and closes it.
func withConnection<Result>(_ body: (PostgresConnection) async throws -> Result) async throws -> Result {
  let connection = try await Server.connect()
  do {
    let result = try await body(connection)
    await connection.close()
    return result
  } catch {
    await connection.close()
    throw error
  }
}

/// The error that an operation throws; an issue if it throws none of that kind.
func error(
  from body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> PostgresError {
  try #require(await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() })
}

extension PostgresConnection {
  /// The number of the process that serves it.
  func processIdentifier() async throws -> Int {
    try await queryValue("SELECT pg_backend_pid()", as: Int.self)
  }

  /// What the server does for another connection, or nil if there is none with that process.
  func activity(of process: Int) async throws -> String? {
    try await query("SELECT state FROM pg_stat_activity WHERE pid = \(process)", as: String?.self).first
      ?? nil
  }
}
