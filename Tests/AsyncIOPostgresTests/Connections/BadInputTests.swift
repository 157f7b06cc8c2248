import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOTesting
import Testing

/// Each kind of bad input is an error that says what and where.
@Suite(.postgres, .realTime, .closesDescriptors) struct BadInputTests {
  @Test func `a wrong password`() async throws {
    let failure = try await error {
      _ = try await PostgresConnection.connect("\(Server.tcpAddress) password=wrong")
    }
    #expect(failure.code == .connectionFailed && failure.sqlState == .invalidPassword)
    #expect(failure.message.contains("password authentication failed for user \"asyncio\""))
    #expect(!failure.message.contains("LOCATION") && !failure.message.contains("28P01"))
  }

  @Test func `no database of that name`() async throws {
    let failure = try await error { _ = try await Server.connect("dbname=nowhere") }
    #expect(failure.code == .connectionFailed && failure.sqlState == .undefinedDatabase)
  }

  @Test func `no server`() async throws {
    let tcp = try await error {
      _ = try await PostgresConnection.connect("host=127.0.0.1 port=1 user=x dbname=x sslmode=disable")
    }
    #expect(tcp.code == .connectionFailed && tcp.sqlState == nil)
    #expect(tcp.message.contains("127.0.0.1") && tcp.message.contains("Connection refused"))
    let socket = try await error { _ = try await PostgresConnection.connect("host=/nowhere user=x dbname=x") }
    #expect(socket.message.contains("/nowhere"))
  }

  @Test func `an address that cannot be read`() async throws {
    let failure = try await error { _ = try await PostgresConnection.connect("prot=1") }
    #expect(failure.code == .connectionFailed && failure.message.contains("prot"))
  }

  @Test func `a certificate that is not trusted`() async throws {
    let failure = try await error {
      _ = try await PostgresConnection.connect(
        "\(Server.tcpAddress) sslmode=verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt")
    }
    #expect(failure.code == .connectionFailed && failure.message.contains("certificate"))
  }

  @Test func `a syntax error, with its place`() async throws {
    try await withConnection { connection in
      let failure = try await error { try await connection.execute("SELECT 1 FORM users") }
      #expect(failure.code == .refused && failure.sqlState == .syntaxError && failure.severity == "ERROR")
      #expect(failure.position == 15 && failure.statement == "SELECT 1 FORM users")
      #expect(
        failure.description
          == "refused (42601): syntax error at or near \"users\"; in: SELECT 1 FORM ⟨here⟩users")
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `a table that is not there, with a hint`() async throws {
    try await withConnection { connection in
      let table = try await error { try await connection.execute("SELECT * FROM nowhere") }
      #expect(table.sqlState == .undefinedTable)
      try await connection.execute(script: "CREATE TEMP TABLE t (name text)")
      let column = try await error { try await connection.execute("SELECT nmae FROM t") }
      #expect(column.sqlState == .undefinedColumn && column.hint?.contains("t.name") == true)
      #expect(column.description.contains("hint: "))
    }
  }

  @Test func `constraints, with their names`() async throws {
    try await withConnection { connection in
      try await connection.execute(
        script: """
          CREATE TEMP TABLE t (
            id int CONSTRAINT t_key PRIMARY KEY, age int NOT NULL CONSTRAINT t_age CHECK (age > 0), parent int REFERENCES t);
          INSERT INTO t VALUES (1, 1)
          """)
      let unique = try await error { try await connection.execute("INSERT INTO t VALUES (1, 2)") }
      #expect(unique.sqlState == .uniqueViolation && unique.constraint == "t_key" && unique.table == "t")
      #expect(unique.detail == "Key (id)=(1) already exists.")
      let check = try await error { try await connection.execute("INSERT INTO t VALUES (2, \(-1))") }
      #expect(check.sqlState == .checkViolation && check.constraint == "t_age")
      let null = try await error { try await connection.execute("INSERT INTO t VALUES (2, NULL)") }
      #expect(null.sqlState == .notNullViolation && null.column == "age")
      let foreign = try await error { try await connection.execute("INSERT INTO t VALUES (2, 2, 9)") }
      #expect(foreign.sqlState == .foreignKeyViolation && foreign.sqlState?.category == "23")
    }
  }

  @Test func `a parameter of the wrong type`() async throws {
    try await withConnection { connection in
      let failure = try await error { _ = try await connection.query("SELECT \("abc")::int") }
      #expect(failure.sqlState == .invalidTextRepresentation)
      #expect(failure.message.contains("\"abc\"") && failure.context?.contains("$1") == true)
    }
  }

  @Test func `too few parameters, and too many statements`() async throws {
    try await withConnection { connection in
      let few = try await error {
        _ = try await connection.query(PostgresStatement("SELECT $1::int, $2::int", [1]))
      }
      #expect(few.sqlState == "08P01")
      let many = try await error { _ = try await connection.query("SELECT 1; SELECT 2") }
      #expect(many.sqlState == .syntaxError && many.message.contains("multiple commands"))
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `not one value`() async throws {
    try await withConnection { connection in
      let failure = try await error {
        _ = try await connection.queryValue("SELECT 1 WHERE false", as: Int.self)
      }
      #expect(failure.code == .unexpectedRows && failure.message.contains("0 rows"))
    }
  }

  @Test func `the server ends the connection while it is idle, and while it works`() async throws {
    try await withConnection { other in
      let connection = try await Server.connect()
      let process = try await connection.processIdentifier()
      let task = createTask { try await connection.execute("SELECT pg_sleep(1000)") }
      while try await other.activity(of: process) != "active" {}
      try await other.execute("SELECT pg_terminate_backend(\(process)::int)")
      let failure = try await error { _ = try await task.value }
      #expect(failure.code == .connectionLost && failure.sqlState == .adminShutdown && connection.isClosed)
      #expect(failure.statement == "SELECT pg_sleep(1000)")

      let idle = try await Server.connect()
      let second = try await idle.processIdentifier()
      try await other.execute("SELECT pg_terminate_backend(\(second)::int)")
      while try await other.activity(of: second) != nil {}
      let late = try await error { try await idle.execute("SELECT 1") }
      #expect(late.code == .connectionLost && idle.isClosed)
      await connection.close()
      await idle.close()
    }
  }

  @Test func `a COPY that goes through query`() async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (n int)")
      _ = try await error { try await connection.execute("COPY t FROM STDIN") }
      _ = try? await connection.execute("COPY t TO STDOUT")
      #expect(try await connection.queryValue("SELECT count(*) FROM t", as: Int.self) == 0)
    }
  }
}
