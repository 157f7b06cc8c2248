import AsyncIOPostgres
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime) struct PostgresRowTests {
  struct User: Decodable, Equatable {
    enum Role: String, Decodable { case admin, guest }
    var id: Int
    var name: String
    var email: String?
    var role: Role
    var tags: [String]
    var visits: UInt32
  }

  @Test func `a row becomes a value by the names of its columns`() async throws {
    try await withConnection { connection in
      let users = try await connection.query(
        """
        SELECT 1 AS id, 'Ada' AS name, NULL AS email, 'admin' AS role, ARRAY['x', 'y'] AS tags, 7 AS visits
        UNION ALL SELECT 2, 'Bob', 'b@example.org', 'guest', '{}', 0 ORDER BY id
        """, as: User.self)
      #expect(
        users == [
          User(id: 1, name: "Ada", email: nil, role: .admin, tags: ["x", "y"], visits: 7),
          User(id: 2, name: "Bob", email: "b@example.org", role: .guest, tags: [], visits: 0),
        ])
    }
  }

  @Test func `a column of its own becomes a plain value`() async throws {
    try await withConnection { connection in
      #expect(try await connection.query("SELECT generate_series(1, 3)", as: Int.self) == [1, 2, 3])
      #expect(try await connection.query("SELECT NULL::int UNION ALL SELECT 1", as: Int?.self) == [nil, 1])
      let several = try await error { _ = try await connection.query("SELECT 1, 2", as: Int.self) }
      #expect(several.message.contains("a row of 2 columns"))
    }
  }

  @Test func `what does not fit is told with its column`() async throws {
    try await withConnection { connection in
      struct Wrong: Decodable { var id: Int, name: Int }
      let mismatch = try await error {
        _ = try await connection.query("SELECT 1 AS id, 'x' AS name", as: Wrong.self)
      }
      #expect(mismatch.code == .typeMismatch && mismatch.message.contains("\"name\""))
      let missing = try await error { _ = try await connection.query("SELECT 1 AS id", as: Wrong.self) }
      #expect(missing.message.contains("no column \"name\""))
    }
  }

  @Test func `columns have names and types, and many are found`() async throws {
    try await withConnection { connection in
      let names = (0..<30).map { "c\($0)" }
      let sql = "SELECT " + names.enumerated().map { "\($0) AS \($1)" }.joined(separator: ", ")
      let result = try await connection.query(PostgresStatement(sql))
      #expect(result.columns.map(\.name) == names && result.columns[0].type == 23)
      #expect(try names.map { try result[0][$0, as: Int.self] } == Array(0..<30))
      #expect(result[0].text("c29") == "29" && result[0].text("nothing") == nil)
    }
  }

  @Test func `how many rows were touched is told`() async throws {
    try await withConnection { connection in
      try await connection.execute(
        script: "CREATE TEMP TABLE t (n int); INSERT INTO t SELECT generate_series(1, 10)")
      #expect(try await connection.execute("UPDATE t SET n = n + 1 WHERE n > \(4)") == 6)
      #expect(try await connection.query("DELETE FROM t WHERE n > \(100)").affectedRows == 0)
      #expect(try await connection.query("DELETE FROM t RETURNING n").count == 10)
    }
  }
}
