import AsyncIOCoordination
import AsyncIORuntime
import AsyncIOSQLite
import AsyncIOTesting
import Synchronization
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct SQLiteRowsTests {
  private static let numbers: SQL =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n"

  @Test func `rows come one by one and in order`() async throws {
    let database = try await SQLiteDatabase.inMemory()
    var expected = 1
    for try await number in database.rows(Int.self, Self.numbers) {
      guard number == expected else { return #expect(number == expected) }
      expected += 1
    }
    #expect(expected == 100_001)
  }

  @Test func `the thread is never far ahead of a slow reader, and leaving early ends it`() async throws {
    let database = try await SQLiteDatabase.inMemory()
    let stepped = Counter()
    try await database.write { db in
      db.add(
        function: DatabaseFunction("step", argumentCount: 1) { values in
          stepped.increment()
          return values[0]
        })
    }
    let query: SQL =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT step(i) FROM n"
    var taken = 0
    for try await _ in database.rows(Int.self, query) {
      taken += 1
      if taken == 300 {
        try await sleep(for: .milliseconds(50))
        break
      }
    }
    // The connection is free again: the thread has ended.
    let one = try await database.fetchAll(Int.self, "SELECT 1")
    #expect(
      one == [1] && stepped.value >= 300 && stepped.value <= 300 + 5 * 128, "\(stepped.value) rows were read")
  }

  @Test func `cancelled in the middle, and before the first`() async throws {
    let database = try await SQLiteDatabase.inMemory()
    let endless: SQL =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 1000 OR i < 0"
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(50)) { for try await _ in database.rows(Int.self, endless) {} }
    }
    let one = try await database.fetchAll(Int.self, "SELECT 1")
    #expect(one == [1])
  }

  @Test func `an error in the middle comes behind the rows before it`() async throws {
    let database = try await SQLiteDatabase.inMemory()
    let query: SQL = """
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      SELECT CASE i WHEN 1000 THEN abs(-9223372036854775807 - 1) ELSE i END FROM n
      """
    var last = 0
    await #expect(throws: DatabaseError.self) {
      for try await number in database.rows(Int.self, query) { last = number }
    }
    // What had not filled a portion goes with the error.
    #expect(last > 999 - 128 && last <= 999)
  }
}

final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func increment() { count.add(1, ordering: .relaxed) }
}
