import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct TransactionTests {
  struct Failure: Error {}

  private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (n int PRIMARY KEY)")
      try await body(connection)
      #expect(!connection.isInTransaction)
    }
  }

  private func numbers(_ connection: PostgresConnection) async throws -> [Int] {
    try await connection.query("SELECT n FROM t ORDER BY n", as: Int.self)
  }

  @Test func `committed when the body returns, rolled back when it throws`() async throws {
    try await withTable { connection in
      let value = try await connection.withTransaction {
        #expect(connection.isInTransaction)
        try await connection.execute("INSERT INTO t VALUES (1)")
        return "done"
      }
      #expect(value == "done")
      await #expect(throws: Failure.self) {
        try await connection.withTransaction {
          try await connection.execute("INSERT INTO t VALUES (2)")
          throw Failure()
        }
      }
      #expect(try await numbers(connection) == [1])
    }
  }

  @Test func `a transaction within a transaction is a savepoint`() async throws {
    try await withTable { connection in
      try await connection.withTransaction {
        try await connection.execute("INSERT INTO t VALUES (1)")
        await #expect(throws: Failure.self) {
          try await connection.withTransaction {
            try await connection.execute("INSERT INTO t VALUES (2)")
            try await connection.withTransaction { try await connection.execute("INSERT INTO t VALUES (3)") }
            throw Failure()
          }
        }
        let duplicate = try await error {
          _ = try await connection.withTransaction {
            try await connection.execute("INSERT INTO t VALUES (1)")
          }
        }
        #expect(duplicate.sqlState == .uniqueViolation)
        try await connection.withTransaction { try await connection.execute("INSERT INTO t VALUES (4)") }
      }
      #expect(try await numbers(connection) == [1, 4])
    }
  }

  @Test func `an error that was caught does not become a commit`() async throws {
    try await withTable { connection in
      let failure = try await error {
        try await connection.withTransaction {
          try await connection.execute("INSERT INTO t VALUES (1)")
          _ = try? await connection.execute("SELCT")
          let inFailed = try await error { try await connection.execute("INSERT INTO t VALUES (2)") }
          #expect(inFailed.sqlState == .inFailedTransaction)
        }
      }
      #expect(failure.sqlState == .inFailedTransaction && failure.message.contains("rolled back"))
      let found = try await numbers(connection)
      #expect(found.isEmpty)
    }
  }

  @Test func `cancelled in a transaction, it is rolled back`() async throws {
    try await withTable { connection in
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.milliseconds(50)) {
          try await connection.withTransaction {
            try await connection.execute("INSERT INTO t VALUES (1)")
            try await connection.execute("SELECT pg_sleep(1000)")
          }
        }
      }
      let found = try await numbers(connection)
      #expect(found.isEmpty)
    }
  }

  @Test func `isolation and reading only reach the server`() async throws {
    try await withTable { connection in
      try await connection.withTransaction(isolation: .serializable, isReadOnly: true) {
        let found = try await connection.queryValue("SHOW transaction_isolation", as: String.self)
        #expect(found == "serializable")
        let answer = try await connection.queryValue("SHOW transaction_read_only", as: String.self)
        #expect(answer == "on")
      }
    }
  }

  @Test func `the connection is lost in a transaction`() async throws {
    try await withConnection { other in
      let connection = try await Server.connect()
      let failure = try await error {
        try await connection.withTransaction {
          let process = try await connection.processIdentifier()
          try await other.execute("SELECT pg_terminate_backend(\(process)::int)")
          while try await other.activity(of: process) != nil {}
          try await connection.execute("SELECT 1")
        }
      }
      #expect(failure.code == .connectionLost)
      await connection.close()
    }
  }
}
