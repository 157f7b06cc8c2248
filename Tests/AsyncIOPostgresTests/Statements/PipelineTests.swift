import AsyncIOPostgres
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct PipelineTests {
  @Test(arguments: [0, 100]) func `results come in the order of the statements`(capacity: Int) async throws {
    let connection = try await PostgresConnection.connect(
      Server.address ?? "", statementCacheCapacity: capacity)
    for _ in 0..<2 {
      let results = try await connection.pipeline(
        (0..<500).map { $0.isMultiple(of: 3) ? "SELECT \($0)::int AS n" : "SELECT \($0)::int + 0 AS n" })
      #expect(try results.map { try $0[0]["n", as: Int.self] } == Array(0..<500))
    }
    #expect(try await connection.pipeline([]).isEmpty)
    #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    await connection.close()
  }

  @Test func `many insertions are one transaction`() async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (n int PRIMARY KEY)")
      #expect(try await connection.executeMany(0..<10_000) { "INSERT INTO t VALUES (\($0))" } == 10_000)
      let failure = try await error {
        try await connection.executeMany([20_000, 5, 30_000]) { "INSERT INTO t VALUES (\($0))" }
      }
      #expect(failure.sqlState == .uniqueViolation && failure.statement == "INSERT INTO t VALUES ($1)")
      #expect(try await connection.queryValue("SELECT count(*) FROM t", as: Int.self) == 10_000)
    }
  }

  @Test func `both sides may have more to say than the sockets take`() async throws {
    try await withConnection { connection in
      let long = String(repeating: "x", count: 200_000)
      let results = try await connection.pipeline(
        (0..<100).map { "SELECT \(long)::text AS x, \($0)::int AS n" })
      #expect(try results.map { try $0[0]["n", as: Int.self] } == Array(0..<100))
      #expect(try results[99][0]["x", as: String.self] == long)
    }
  }

  @Test func `an error in a pipeline leaves the connection in order`() async throws {
    try await withConnection { connection in
      let syntax = try await error { _ = try await connection.pipeline(["SELECT 1", "SELCT 2", "SELECT 3"]) }
      #expect(syntax.sqlState == .syntaxError && syntax.statement == "SELCT 2")
      let zero = try await error { _ = try await connection.pipeline(["SELECT 1", "SELECT \("a\0")"]) }
      #expect(zero.code == .invalid)
      #expect(try await connection.pipeline(["SELECT 3", "SELECT 1"]).count == 2)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }
}
