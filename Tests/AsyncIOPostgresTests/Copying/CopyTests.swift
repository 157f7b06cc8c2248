import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime, .closesDescriptors) struct CopyTests {
  private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withConnection { connection in
      try await connection.execute(script: "CREATE TEMP TABLE t (id int PRIMARY KEY, name text, data bytea)")
      try await body(connection)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `rows go in and out, whatever is in them`() async throws {
    try await withTable { connection in
      let names: [String?] = ["a", "", nil, "tab\t newline\n return\r back\\slash \\N", "日本"]
      let count = try await connection.copyIn("COPY t FROM STDIN") { copy in
        for (id, name) in names.enumerated() { try await copy.write(row: id, name, [UInt8(id), 0, 255]) }
      }
      #expect(count == 5)
      #expect(try await connection.query("SELECT name FROM t ORDER BY id", as: String?.self) == names)
      #expect(
        try await connection.query("SELECT data FROM t WHERE id = 3", as: [UInt8].self) == [[3, 0, 255]])
      var lines: [String] = []
      for try await line in connection.copyOut("COPY (SELECT id FROM t ORDER BY id) TO STDOUT (FORMAT csv)") {
        lines.append(String(decoding: line, as: UTF8.self))
      }
      #expect(lines == ["0\n", "1\n", "2\n", "3\n", "4\n"])
    }
  }

  @Test func `a hundred thousand rows, in lines that are cut anywhere`() async throws {
    try await withTable { connection in
      let text = (0..<100_000).map { "\($0)\tname of \($0)\t\\N\n" }.joined()
      let bytes = Array(text.utf8)
      let count = try await connection.copyIn("COPY t FROM STDIN") { copy in
        for start in stride(from: 0, to: bytes.count, by: 7777) {
          try await copy.write(Array(bytes[start..<min(start + 7777, bytes.count)]))
        }
      }
      #expect(count == 100_000)
      #expect(try await connection.queryValue("SELECT sum(id) FROM t", as: Int.self) == 4_999_950_000)
      var size = 0
      for try await line in connection.copyOut("COPY t TO STDOUT") { size += line.count }
      #expect(size == bytes.count)
    }
  }

  @Test func `when the body throws no row goes in`() async throws {
    try await withTable { connection in
      struct Failure: Error {}
      await #expect(throws: Failure.self) {
        try await connection.copyIn("COPY t FROM STDIN") { copy in
          try await copy.write(row: 1, "a", [UInt8]())
          throw Failure()
        }
      }
      let answer = try await connection.queryValue("SELECT count(*) FROM t", as: Int.self)
      #expect(answer == 0)
    }
  }

  @Test func `a row that does not fit is told with its line`() async throws {
    try await withTable { connection in
      let failure = try await error {
        try await connection.copyIn("COPY t FROM STDIN") { copy in
          for id in 0..<100_000 {
            try await copy.write(Array((id == 50 ? "x\ta\t\\N\n" : "\(id)\ta\t\\N\n").utf8))
          }
        }
      }
      #expect(failure.sqlState == .invalidTextRepresentation)
      #expect(failure.context == "COPY t, line 51, column id: \"x\"")
    }
  }

  @Test func `cancelled in its middle no row goes in`() async throws {
    try await withTable { connection in
      let task = createTask {
        try await connection.copyIn("COPY t FROM STDIN") { copy in
          for id in 0... { try await copy.write(Array("\(id)\ta\t\\N\n".utf8)) }
        }
      }
      try await Task.sleep(for: .milliseconds(20))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(try await connection.queryValue("SELECT count(*) FROM t", as: Int.self) == 0)
    }
  }

  @Test func `leaving the lines early ends the statement`() async throws {
    try await withTable { connection in
      for try await line in connection.copyOut("COPY (SELECT generate_series(1, 10000000)) TO STDOUT") {
        #expect(line == Array("1\n".utf8))
        break
      }
    }
  }

  @Test func `a statement of another kind is refused`() async throws {
    try await withTable { connection in
      let out = try await error { for try await _ in connection.copyOut("SELECT 1") {} }
      #expect(out.code == .invalid && out.message.contains("copyOut"))
      let inward = try await error { try await connection.copyIn("COPY t TO STDOUT") { _ in } }
      #expect(inward.code == .invalid && inward.message.contains("copyIn"))
      let wrong = try await error { for try await _ in connection.copyOut("COPY t FROM STDIN") {} }
      #expect(wrong.code == .invalid)
      let missing = try await error { try await connection.copyIn("COPY nowhere FROM STDIN") { _ in } }
      #expect(missing.sqlState == .undefinedTable)
    }
  }
}
