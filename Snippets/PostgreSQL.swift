// Row 17 of the article: a database on the loop. It wants the address of a server in ASYNCIO_POSTGRES; one for a try:
//   Tests/Databases/with-postgres swift run PostgreSQL

import AsyncIO
import Glibc

#if canImport(AsyncIOPostgres)
  import AsyncIOPostgres

  struct City: Decodable {
    var name: String
    var population: Int
  }

  let address = getenv("ASYNCIO_POSTGRES").map { String(cString: $0) }

  func useDatabase(_ pool: PostgresPool) async throws {
    try await pool.execute("DROP TABLE IF EXISTS cities")
    try await pool.execute("CREATE TABLE cities (name text PRIMARY KEY, population int NOT NULL)")

    try await pool.withTransaction { connection in
      let cities = [("Lima", 10_000_000), ("Oslo", 700_000), ("Pune", 7_000_000)]
      // In one round trip.
      try await connection.executeMany(cities) { "INSERT INTO cities VALUES (\($0.0), \($0.1))" }
    }

    let limit = 1_000_000  // becomes a parameter, never a part of the statement
    for city in try await pool.query("SELECT * FROM cities WHERE population > \(limit)", as: City.self) {
      print(city.name, city.population)
    }

    // Many at once, over the connections of the pool.
    let sums = try await gather(1...100) { number in
      try await pool.queryValue("SELECT sum(n) FROM generate_series(1, \(number)::int) n", as: Int.self)
    }
    print(sums.reduce(0, +))

    do {
      try await pool.execute("INSERT INTO cities VALUES ('Lima', 1)")
    } catch let error as PostgresError where error.sqlState == .uniqueViolation {
      print(error.message)
    }

    // Ends on the server, too.
    do {
      try await withTimeout(.milliseconds(50)) { _ = try await pool.execute("SELECT pg_sleep(1000)") }
    } catch is TimeoutError {
      print("too slow: cancelled")
    }

    // A queue that outlives the program, for any number of processes.
    let jobs = try await PostgresQueue<String>(pool, name: "snippet_jobs")
    try await jobs.put(contentsOf: ["one", "two", "three"])
    while let job = try await jobs.tryGet().first {
      print("working on", job.value)
      try await jobs.done(job)
    }
    try await pool.execute("DROP TABLE cities, snippet_jobs")
  }

  if let address {
    try EventLoop.run {
      try await withResource(PostgresPool(address, ResourcePoolConfiguration(maximumSize: 4))) { pool in
        try await useDatabase(pool)
      }
    }
  } else {
    print("There is no server to talk to: Tests/Databases/with-postgres swift run PostgreSQL")
  }
#else
  print("AsyncIOPostgres is not there: apt-get install libpq-dev")
#endif
