import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct PostgresConnectionTests {
  @Test func `statements of many tasks are performed one after another`() async throws {
    try await withConnection { connection in
      let answers = try await gather(0..<200) {
        try await connection.queryValue("SELECT \($0)::int", as: Int.self)
      }
      #expect(answers == Array(0..<200))
    }
  }

  @Test func `a value is never a part of the statement`() async throws {
    try await withConnection { connection in
      let evil = "'; DROP TABLE users; --"
      let value = try await connection.queryValue("SELECT \(evil)", as: String.self)
      #expect(value == evil)
      let statement: PostgresStatement = "SELECT \(1)::int + \(2)::int AS \(name: "a \"b\"")"
      #expect(statement.sql == "SELECT $1::int + $2::int AS \"a \"\"b\"\"\"")
      let found = try await connection.query(statement)[0]["a \"b\"", as: Int.self]
      #expect(found == 3)
    }
  }

  @Test func `TCP with a password, and TLS`() async throws {
    for mode in [
      "disable", "require", "verify-full host=localhost hostaddr=127.0.0.1 sslrootcert=\(Server.certificate)",
    ] {
      let connection = try await PostgresConnection.connect("\(Server.tcpAddress) sslmode=\(mode)")
      let isEncrypted = try await connection.queryValue(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", as: Bool.self)
      #expect(isEncrypted == (mode != "disable"))
      // More than a record of TLS, and more than a buffer of libpq.
      let size = try await connection.queryValue("SELECT repeat('x', 5000000)", as: String.self).utf8.count
      #expect(size == 5_000_000)
      var count = 0
      for try await row in connection.rows("SELECT repeat('y', 9000) AS y FROM generate_series(1, 500)") {
        count += try row["y", as: String.self].utf8.count
      }
      #expect(count == 4_500_000)
      await connection.close()
    }
  }

  @Test func `a URL is an address, too`() async throws {
    let words = Dictionary(
      uniqueKeysWithValues: Server.tcpAddress.split(separator: " ").map { word in
        let parts = word.split(separator: "=")
        return (String(parts[0]), String(parts[1]))
      })
    let port = try #require(words["port"])
    let connection = try await PostgresConnection.connect(
      "postgresql://asyncio:secret@127.0.0.1:\(port)/postgres")
    #expect(try await connection.queryValue("SELECT current_user::text", as: String.self) == "asyncio")
    await connection.close()
  }

  @Test func `a statement that was prepared and no longer fits is prepared again`() async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)")
      #expect(try await connection.query("SELECT * FROM t").columns.count == 1)
      try await connection.execute(script: "ALTER TABLE t ADD COLUMN b int")
      #expect(try await connection.query("SELECT * FROM t").columns.count == 2)
      try await connection.execute(script: "DEALLOCATE ALL")
      #expect(try await connection.query("SELECT * FROM t").columns.count == 2)
    }
  }

  @Test(arguments: [
    ("ALTER TABLE t ALTER n TYPE bigint", SQLState(rawValue: "0A000")),
    ("DO $$ BEGIN RAISE 'no' USING ERRCODE = '0A000'; END $$", "0A000"),
    ("DEALLOCATE nothing", "26000"), ("EXECUTE nowhere(1)", "26000"),
  ])
  func `a statement that is refused each time is not prepared again for ever`(
    sql: String, state: SQLState
  ) async throws {
    try await withConnection { connection in
      try await connection.execute(
        script: "CREATE TEMP TABLE t (n int); CREATE TEMP VIEW v AS SELECT n FROM t")
      // The second time it was prepared before.
      for _ in 1...2 {
        let failure = try await error { try await connection.execute(PostgresStatement(sql)) }
        #expect(failure.code == .refused && failure.sqlState == state)
      }
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test(arguments: [0, 1, 10]) func `so many statements are kept prepared, and no more`(capacity: Int)
    async throws
  {
    let connection = try await PostgresConnection.connect(
      Server.address ?? "", statementCacheCapacity: capacity)
    for round in 0..<3 {
      for number in 0..<20 {
        let answer = try await connection.query(
          PostgresStatement("SELECT \(number), $1::int AS round", [round]))
        #expect(try answer[0]["round", as: Int.self] == round)
      }
    }
    // The count itself may be among them.
    try await connection.execute(script: "SELECT 1")
    let kept = try await connection.query("SELECT name FROM pg_prepared_statements")
    #expect(kept.count <= capacity + 1, "\(kept.count) are kept")
    await connection.close()
  }

  @Test func `closed while others wait for their turn`() async throws {
    let connection = try await Server.connect()
    let results = try await gatherResults(0..<3) { number in
      if number == 1 { return await connection.close() }
      try await connection.execute("SELECT pg_sleep(0.05)")
    }
    #expect(throws: Never.self) { try results[0].get() }
    let refused = try await error { try results[2].get() }
    #expect(refused.code == .closed && connection.isClosed)
    await connection.close()
  }
}

@Suite(.postgres, .realTime, .closesDescriptors) struct PostgresCancellationTests {
  /// Performs a statement that sleeps, cancels it when the server is at it, and says what was thrown.
  private func cancel(
    _ connection: PostgresConnection, _ body: @escaping @Sendable (PostgresConnection) async throws -> Void
  ) async throws -> (any Error)? {
    let process = try await connection.processIdentifier()
    return try await withConnection { other in
      let task = createTask { try await body(connection) }
      while try await other.activity(of: process) != "active" {}
      task.cancel()
      var thrown: (any Error)?
      do { try await task.value } catch { thrown = error }
      // The call has returned: the server is no longer at it.
      #expect(try await other.activity(of: process) == "idle")
      return thrown
    }
  }

  @Test func `a statement that is cancelled is gone from the server`() async throws {
    try await withConnection { connection in
      let thrown = try await cancel(connection) { try await $0.execute("SELECT pg_sleep(1000)") }
      #expect(thrown is CancellationError)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `rows, pipelines and scripts are cancelled alike`() async throws {
    try await withConnection { connection in
      let rows = try await cancel(connection) { for try await _ in $0.rows("SELECT pg_sleep(1000)") {} }
      #expect(rows is CancellationError)
      let pipeline = try await cancel(connection) {
        _ = try await $0.pipeline(["SELECT 1", "SELECT pg_sleep(1000)", "SELECT 2"])
      }
      #expect(pipeline is CancellationError)
      let script = try await cancel(connection) {
        try await $0.execute(script: "SELECT 1; SELECT pg_sleep(1000)")
      }
      #expect(script is CancellationError)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `a timeout is a timeout`() async throws {
    try await withConnection { connection in
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.milliseconds(50)) { try await connection.execute("SELECT pg_sleep(1000)") }
      }
      let answer = try await connection.queryValue("SELECT 1", as: Int.self)
      #expect(answer == 1)
    }
  }

  @Test func `cancelled before its turn, nothing is sent`() async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (n int)")
      let first = createTask { try await connection.execute("SELECT pg_sleep(0.1)") }
      let second = createTask { try await connection.execute("INSERT INTO t VALUES (1)") }
      await settle()
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      #expect(!first.isDone)
      _ = try await first.value
      #expect(try await connection.queryValue("SELECT count(*) FROM t", as: Int.self) == 0)
    }
  }

  @Test func `cancelled at any time, the connection stays in order`() async throws {
    var numbers = SystemRandomNumberGenerator()
    let delays = (0..<100).map { _ in Int.random(in: 0..<3000, using: &numbers) }
    try await withConnection { connection in
      for (round, delay) in delays.enumerated() {
        _ = try? await withTimeout(.microseconds(delay)) {
          switch round % 3 {
          case 0: try await connection.execute("SELECT pg_sleep(0.001), \(round)")
          case 1: for try await _ in connection.rows("SELECT n FROM generate_series(1, 2000) n") {}
          default: _ = try await connection.pipeline((0..<20).map { "SELECT \($0), \(round)" })
          }
        }
        let answer = try await connection.queryValue("SELECT \(round)::int", as: Int.self)
        #expect(answer == round, "after \(delay) µs of round \(round)")
      }
      #expect(!connection.isInTransaction)
    }
  }
}
