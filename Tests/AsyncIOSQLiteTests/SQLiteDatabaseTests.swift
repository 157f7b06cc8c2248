import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOSQLite
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct SQLiteDatabaseTests {
  struct User: Codable, FetchableRecord, PersistableRecord, Equatable, Sendable {
    static let databaseTableName = "users"
    var id: Int
    var name: String
    var email: String?
  }

  struct Failure: Error {}

  private func withDatabase(_ body: (SQLiteDatabase) async throws -> Void) async throws {
    var template = Array("/tmp/asyncio-sqlite.XXXXXX".utf8CString)
    let isMade = unsafe mkdtemp(&template) != nil
    try #require(isMade)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let database = try await SQLiteDatabase.open("\(folder)/test.sqlite")
    try await database.execute(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, email TEXT)")
    try await body(database)
    try await database.close()
    for name in ["test.sqlite", "test.sqlite-wal", "test.sqlite-shm"] { unsafe unlink("\(folder)/\(name)") }
    let isRemoved = unsafe rmdir(folder) == 0
    #expect(isRemoved)
  }

  @Test func `what was written is read, as values of one's own types`() async throws {
    try await withDatabase { database in
      let users = [
        User(id: 1, name: "Ada", email: nil), User(id: 2, name: "'; DROP TABLE users; --", email: "b@c"),
      ]
      try await database.write { db in for user in users { try user.insert(db) } }
      let all = try await database.fetchAll(User.self, "SELECT * FROM users ORDER BY id")
      #expect(all == users)
      let ids = try await database.fetchAll(Int.self, "SELECT id FROM users WHERE name = \(users[1].name)")
      #expect(ids == [2])
      let touched = try await database.execute("DELETE FROM users WHERE id < \(10)")
      #expect(touched == 2)
    }
  }

  @Test func `a transaction is rolled back when its body throws, and a savepoint alone`() async throws {
    try await withDatabase { database in
      await #expect(throws: Failure.self) {
        try await database.write { db in
          try User(id: 1, name: "a").insert(db)
          throw Failure()
        }
      }
      try await database.write { db in
        try User(id: 2, name: "b").insert(db)
        try db.inSavepoint {
          try User(id: 3, name: "c").insert(db)
          return .rollback
        }
      }
      let ids = try await database.fetchAll(Int.self, "SELECT id FROM users")
      #expect(ids == [2])
    }
  }

  @Test func `an error says what and where`() async throws {
    try await withDatabase { database in
      let syntax = await #expect(throws: DatabaseError.self) { try await database.execute("SELCT 1") }
      #expect(syntax?.message?.contains("near \"SELCT\"") == true && syntax?.sql == "SELCT 1")
      try await database.execute("INSERT INTO users VALUES (1, 'a', NULL)")
      let unique = await #expect(throws: DatabaseError.self) {
        try await database.execute("INSERT INTO users VALUES (2, 'a', NULL)")
      }
      #expect(unique?.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE)
      await #expect(throws: DatabaseError.self) { try await SQLiteDatabase.open("/nowhere/x.sqlite") }
    }
  }

  @Test func `a query that is cancelled is interrupted, and the loop goes on meanwhile`() async throws {
    try await withDatabase { database in
      let endless: SQL =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.milliseconds(50)) { try await database.fetchAll(Int.self, endless) }
      }
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.milliseconds(50)) {
          try await database.execute("INSERT INTO users (name) \(literal: endless)")
        }
      }
      let count = try await database.fetchAll(Int.self, "SELECT count(*) FROM users")
      #expect(count == [0])
    }
  }

  @Test func `reads run beside each other and beside a write`() async throws {
    try await withDatabase { database in
      try await database.execute("INSERT INTO users VALUES (1, 'a', NULL)")
      let counts = try await gather(0..<100) { number in
        if number.isMultiple(of: 10) {
          return try await database.execute("INSERT INTO users (name) VALUES (\("n\(number)"))")
        }
        return try await database.fetchAll(Int.self, "SELECT count(*) FROM users")[0]
      }
      #expect(counts.allSatisfy { (1...11).contains($0) })
    }
  }
}
