// Row 17 of the article: databases. SQLite runs beside the loop; for PostgreSQL see PostgreSQL.swift.

import AsyncIO

#if canImport(AsyncIOSQLite)
  import AsyncIOSQLite

  struct City: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "cities"
    var name: String
    var population: Int
  }

  try EventLoop.run {
    let database = try await SQLiteDatabase.inMemory()
    try await database.execute("CREATE TABLE cities (name TEXT PRIMARY KEY, population INTEGER NOT NULL)")

    try await database.write { db in  // a transaction
      for (name, population) in [("Lima", 10_000_000), ("Oslo", 700_000), ("Pune", 7_000_000)] {
        try City(name: name, population: population).insert(db)
      }
    }

    let limit = 1_000_000
    for city in try await database.fetchAll(City.self, "SELECT * FROM cities WHERE population > \(limit)") {
      print(city.name, city.population)
    }
    for try await name in database.rows(String.self, "SELECT name FROM cities ORDER BY name") {
      print(name)  // one by one, and no faster than they are read
    }

    let endless: SQL = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    do {
      _ = try await withTimeout(.milliseconds(50)) { try await database.fetchAll(Int.self, endless) }
    } catch is TimeoutError {
      print("too slow: interrupted")
    }
    try await database.close()
  }
#else
  print("AsyncIOSQLite is not there: apt-get install libsqlite3-dev")
#endif
