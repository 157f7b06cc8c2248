import AsyncIO
import AsyncIOPostgres
import Glibc

/// Measures a workload of PostgreSQL, with a server in ASYNCIO_POSTGRES; false if it is none.
func measurePostgres(_ workload: String) async throws -> Bool {
  let address = unsafe getenv("ASYNCIO_POSTGRES").map { unsafe String(cString: $0) } ?? ""
  let pool = PostgresPool(address, ResourcePoolConfiguration(maximumSize: 10))
  switch workload {
  case "pgselect": try await selectOne(pool)
  case "pgselect10": try await selectMany(pool)
  case "pginsert": try await insert(pool)
  case "pgrows": try await readRows(pool)
  default: return false
  }
  try await pool.close()
  return true
}

/// One query after another on one connection.
private func selectOne(_ pool: PostgresPool) async throws {
  try await pool.withConnection { connection in
    try await measure("pgselect", 20_000) {
      for number in 0..<20_000 {
        let answer = try await connection.queryValue("SELECT \(number)::int + 1", as: Int.self)
        precondition(answer == number + 1)
      }
    }
  }
}

/// A hundred tasks over the ten connections of a pool.
private func selectMany(_ pool: PostgresPool) async throws {
  try await measure("pgselect10", 20_000) {
    _ = try await gather(0..<100) { _ in
      for number in 0..<200 {
        let answer = try await pool.queryValue("SELECT \(number)::int + 1", as: Int.self)
        precondition(answer == number + 1)
      }
    }
  }
}

/// Insertions in pipelines of a thousand.
private func insert(_ pool: PostgresPool) async throws {
  try await pool.withConnection { connection in
    try await connection.execute(script: "CREATE TEMP TABLE t (id int, name text)")
    try await measure("pginsert", 50_000) {
      for start in stride(from: 0, to: 50_000, by: 1000) {
        try await connection.executeMany(start..<start + 1000) {
          "INSERT INTO t VALUES (\($0), \("name of \($0)"))"
        }
      }
    }
  }
}

/// Half a million rows of three columns, read as an array.
private func readRows(_ pool: PostgresPool) async throws {
  try await pool.withConnection { connection in
    try await measure("pgrows", 500_000) {
      var sum = 0
      let rows = try await connection.query(
        "SELECT n AS id, 'name of ' || n AS name, n * 0.5::float8 AS x FROM generate_series(1, 500000) n")
      for row in rows { sum += try row["id", as: Int.self] + row["name", as: String.self].utf8.count }
      precondition(sum > 0)
    }
  }
}
