import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct PostgresRowsTests {
  @Test func `rows come one by one and in order`() async throws {
    try await withConnection { connection in
      var expected = 1
      for try await row in connection.rows("SELECT n FROM generate_series(1, \(50_000)::int) n") {
        guard try row["n", as: Int.self] == expected else {
          return #expect(Bool(false), "\(row) is not \(expected)")
        }
        expected += 1
      }
      #expect(expected == 50_001)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `the server waits for a slow reader`() async throws {
    try await withConnection { connection in
      try await withConnection { other in
        let process = try await connection.processIdentifier()
        var iterator = connection.rows("SELECT repeat('x', 1000), generate_series(1, 1000000)")
          .makeAsyncIterator()
        for _ in 0..<10 { _ = try await iterator.next() }
        // A gigabyte does not fit into the sockets: the server has come to wait for us.
        let wait: PostgresStatement = "SELECT wait_event FROM pg_stat_activity WHERE pid = \(process)"
        var event: String?
        while event != "ClientWrite" { event = try await other.query(wait, as: String?.self).first ?? nil }
        #expect(event == "ClientWrite")
        _ = consume iterator
      }
    }
  }

  @Test func `leaving early ends the statement, and the connection goes on`() async throws {
    try await withConnection { connection in
      for round in 0..<20 {
        for try await row in connection.rows("SELECT generate_series(1, 10000000) AS n") {
          #expect(try row["n", as: Int.self] == 1)
          break
        }
        #expect(try await connection.queryValue("SELECT \(round)::int", as: Int.self) == round)
      }
    }
  }

  @Test func `in the middle of its rows a connection says that it is busy`() async throws {
    try await withConnection { connection in
      for try await _ in connection.rows("SELECT n AS number FROM generate_series(1, 3) n") {
        let busy = try await error { try await connection.execute("SELECT 1") }
        #expect(busy.code == .busy && busy.message.contains("SELECT n AS number"))
      }
      try await connection.execute("SELECT 1")
    }
  }

  @Test func `an error in the middle of the rows comes behind those before it`() async throws {
    try await withConnection { connection in
      var count = 0
      let failure = try await error {
        for try await _ in connection.rows("SELECT 1 / (1000 - n) FROM generate_series(1, 2000) n") {
          count += 1
        }
      }
      #expect(count == 999 && failure.sqlState == .divisionByZero)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `a connection that is cut in the middle of the rows says so`() async throws {
    try await withConnection { other in
      let connection = try await Server.connect()
      let process = try await connection.processIdentifier()
      var count = 0
      let failure = try await error {
        for try await _ in connection.rows("SELECT repeat('x', 10000) FROM generate_series(1, 100000)") {
          count += 1
          if count == 10 { try await other.execute("SELECT pg_terminate_backend(\(process)::int)") }
        }
      }
      #expect(failure.code == .connectionLost && count >= 10 && count < 100_000)
      #expect(connection.isClosed)
      let later = try await error { try await connection.execute("SELECT 1") }
      #expect(later.code == .connectionLost || later.code == .closed)
      await connection.close()
    }
  }

  @Test func `cancelled in the middle of the rows`() async throws {
    try await withConnection { connection in
      await #expect(throws: CancellationError.self) {
        _ = try await withCancelScope { scope in
          for try await row in connection.rows(
            "SELECT n, repeat('x', 10000), pg_sleep(n / 5 * 100) FROM generate_series(1, 10) n"
          ) {
            if try row["n", as: Int.self] == 3 { scope.cancel() }
          }
        }
        throw CancellationError()
      }
      let answer = try await connection.queryValue("SELECT 1", as: Int.self)
      #expect(answer == 1)
    }
  }
}
