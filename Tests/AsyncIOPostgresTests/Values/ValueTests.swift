import AsyncIOPostgres
import FoundationEssentials
import AsyncIOTesting
import Testing

@Suite(.postgres, .realTime) struct ValueTests {
  private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
    _ values: [Value], _ type: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await withConnection { connection in
      for value in values {
        let statement: PostgresStatement = "SELECT \(value)::\(unsafe: type)"
        let answer = try await connection.queryValue(statement, as: Value.self)
        #expect(answer == value, sourceLocation: sourceLocation)
      }
    }
  }

  @Test func `numbers come back as they went`() async throws {
    try await roundTrip([0, -1, Int.max, Int.min], "bigint")
    try await roundTrip([Int16.min, 7], "smallint")
    try await roundTrip([Int32.max, -7], "integer")
    try await roundTrip([0.1, -1e300, .leastNonzeroMagnitude, .infinity], "double precision")
    try await roundTrip([Float(0.1)], "real")
    try await roundTrip([true, false], "boolean")
  }

  @Test func `text and bytes come back as they went`() async throws {
    try await roundTrip(
      ["", "a", "it's \"quoted\" \\ and — 日本\n", String(repeating: "x", count: 100_000)], "text")
    try await roundTrip([[], [0, 1, 255], [UInt8](repeating: 0, count: 100_000)], "bytea")
    try await roundTrip([Int?.none, 7], "bigint")
  }

  @Test func `arrays come back as they went`() async throws {
    try await roundTrip([[], [1, -2, 3]], "bigint[]")
    try await roundTrip([["", "a,b", "\"{}\\\"", "NULL", "日本"], []], "text[]")
    try await roundTrip([[1, nil, 3]], "bigint[]")
    try await roundTrip([[[1, 2, 255], [], [0]]] as [[[UInt8]]], "bytea[]")
  }

  @Test func `a text that looks like an array is a text`() async throws {
    try await roundTrip([["{}", "{a,b}", "{\"url\":\"http://a/{x}\"}", "{", "}"]], "text[]")
  }

  @Test func `an array of arrays has two dimensions`() async throws {
    try await withConnection { connection in
      let isEqual = try await connection.queryValue(
        "SELECT \([[1, 2], [3, 4]])::int[] = ARRAY[[1, 2], [3, 4]]", as: Bool.self)
      #expect(isEqual)
      let texts = try await connection.queryValue(
        "SELECT (\([["{1}", "b"], ["c", "d,e"]])::text[])[1:2][1:2] = ARRAY[['{1}', 'b'], ['c', 'd,e']]",
        as: Bool.self)
      #expect(texts)
    }
  }

  @Test func `an array is one parameter`() async throws {
    try await withConnection { connection in
      let found = try await connection.query(
        "SELECT n FROM generate_series(1, 10) n WHERE n = ANY(\([2, 3, 5, 70]))", as: Int.self)
      #expect(found == [2, 3, 5])
    }
  }

  @Test func `points in time and UUIDs come back as they went`() async throws {
    let seconds = [
      0, 1.5, -1.5, 951_782_400, 1_709_164_800.123456, 4_102_444_800, -62_135_596_800, -70_000_000_000,
    ]
    try await roundTrip(seconds.map { Date(timeIntervalSince1970: $0) }, "timestamptz")
    try await roundTrip([UUID()], "uuid")
  }

  @Test func `a point in time is the server's in any zone`() async throws {
    try await withConnection { connection in
      for zone in ["UTC", "Asia/Kolkata", "America/St_Johns"] {
        try await connection.execute(script: "SET timezone = '\(zone)'")
        let time = try await connection.queryValue("SELECT to_timestamp(951827696.25)", as: Date.self)
        #expect(time.timeIntervalSince1970 == 951_827_696.25, "\(zone)")
      }
      #expect(
        try await connection.queryValue("SELECT date '2000-02-29'", as: Date.self).timeIntervalSince1970
          == 951_782_400)
    }
  }

  @Test func `a value of another type names the column and the value`() async throws {
    try await withConnection { connection in
      let rows = try await connection.query("SELECT 'abc'::text AS name, NULL::integer AS age")
      let wrong = try await error { _ = try rows[0]["name", as: Int.self] }
      #expect(wrong.code == .typeMismatch)
      #expect(wrong.message == "column \"name\" of type text is \"abc\" here, which is no Int")
      let null = try await error { _ = try rows[0]["age", as: Int.self] }
      #expect(null.message.contains("is null here") && null.message.contains("ask for an optional"))
      let missing = try await error { _ = try rows[0]["nmae", as: String.self] }
      #expect(missing.message == "there is no column \"nmae\" in the row: there are name, age")
      #expect(try rows[0]["age", as: Int?.self] == nil)
    }
  }

  @Test func `a zero character is refused and not cut off`() async throws {
    try await withConnection { connection in
      let refusal = try await error { _ = try await connection.query("SELECT \("a\0b")") }
      #expect(refusal.code == .invalid && refusal.message.contains("$1"))
      let other = try await error { try await connection.execute(PostgresStatement("SELECT 1\0")) }
      #expect(other.code == .invalid)
      #expect(try await connection.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }
}
