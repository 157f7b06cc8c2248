import AsyncIO
import AsyncIOTesting
import Synchronization
import Testing

/// The code of the guide's pages on the loop, threads and blocking code.
@Suite struct LoopTests {
  @Test func `a loop that you drive`() throws {
    let runner = try Runner()
    defer { runner.close() }
    let first = try runner.run { try await fetch("a") }
    let second = try runner.run { try await fetch("b") }
    #expect([first, second] == ["page a", "page b"])
  }

  func query(_ text: String) throws -> [String] { [text] }
  func slowHash(_ text: String) -> Int { text.hashValue }

  @Test(.realTime) func `blocking and computing beside the loop`() async throws {
    let sql = "SELECT 1"
    let rows = try await withBlocking { try self.query(sql) }
    #expect(rows == [sql])

    let data = "data"
    let images = [1, 2, 3]
    let digest = try await withCompute { self.slowHash(data) }
    let small = try await images.parallelMap { $0 * 2 }
    #expect(digest == slowHash(data))
    #expect(small == [2, 4, 6])
  }

  @Test(.realTime) func `a pool of one's own`() async throws {
    let pool = ThreadPool(name: "database", maximum: 4)
    let rows = try await gather(1...10) { number in
      try await withBlocking(on: pool) { try self.query("SELECT \(number)") }
    }
    #expect(rows.count == 10)
    #expect(pool.statistics.threads <= 4)
  }

  @Test(.realTime) func `from a thread into the loop`() async throws {
    let rows = AsyncQueue<String>(capacity: 2)
    let producer = createTask {
      try await withBlocking {
        for row in try self.query("SELECT 1") {
          try EventLoop.runBlocking { try await rows.put(row) }
        }
      }
      rows.shutdown()
    }
    var count = 0
    for await _ in rows { count += 1 }
    try await producer.value
    #expect(count == 1)
  }

  @Test(.virtualTime) func `a long computation that gives way`() async throws {
    var sum = 0
    for number in 1...10_000 {
      sum += number
      if number.isMultiple(of: 1000) { try await checkpoint() }
    }
    #expect(sum == 50_005_000)
  }

  func foreignDescriptor(_ descriptor: CInt) async throws {
    try await EventLoop.wait(readable: descriptor)
  }
}
