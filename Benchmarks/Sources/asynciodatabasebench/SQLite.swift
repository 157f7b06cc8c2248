import AsyncIO
import AsyncIOSQLite
import Foundation

private let userCount = 500_000

private struct User: Decodable, FetchableRecord, Sendable {
  var id: Int
  var name: String
  var x: Double

  init(row: Row) {
    id = row[0]
    name = row[1]
    x = row[2]
  }
}

/// Measures a workload of SQLite, on a file that is in memory; false if it is none.
func measureSQLite(_ workload: String) async throws -> Bool {
  guard workload.hasPrefix("sqlite") else { return false }
  return try await withTemporaryDirectory { folder in
    let database = try await SQLiteDatabase.open("\(folder)/users.sqlite")
    try await database.write { db in
      try db.execute(
        literal: """
          CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, x REAL NOT NULL);
          WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \(userCount))
          INSERT INTO users SELECT n, 'name of ' || n, n * 0.5 FROM n;
          """)
    }
    switch workload {
    case "sqliteselect": try await selectOne(database)
    case "sqliteselect100": try await selectMany(database)
    case "sqliterows": try await readRows(database)
    case "sqlitestream": try await streamRows(database)
    default: return false
    }
    try await database.close()
    return true
  }
}

private func select(_ id: Int, _ database: SQLiteDatabase) async throws {
  let names = try await database.fetchAll(String.self, "SELECT name FROM users WHERE id = \(id)")
  precondition(names.count == 1)
}

/// One query after another.
private func selectOne(_ database: SQLiteDatabase) async throws {
  try await measure("sqliteselect", 20_000) {
    for number in 0..<20_000 { try await select(number * 7 % userCount + 1, database) }
  }
}

/// A hundred tasks at once.
private func selectMany(_ database: SQLiteDatabase) async throws {
  try await measure("sqliteselect100", 20_000) {
    _ = try await gather(0..<100) { task in
      for number in 0..<200 { try await select((task * 200 + number) * 7 % userCount + 1, database) }
    }
  }
}

/// Half a million rows of three columns, read as an array.
private func readRows(_ database: SQLiteDatabase) async throws {
  try await measure("sqliterows", userCount) {
    let users = try await database.fetchAll(User.self, "SELECT id, name, x FROM users")
    precondition(users.reduce(0) { $0 + $1.id + $1.name.utf8.count } > 0)
  }
}

/// The same rows one by one.
private func streamRows(_ database: SQLiteDatabase) async throws {
  try await measure("sqlitestream", userCount) {
    var sum = 0
    for try await user in database.rows(User.self, "SELECT id, name, x FROM users") {
      sum += user.id + user.name.utf8.count
    }
    precondition(sum > 0)
  }
}
