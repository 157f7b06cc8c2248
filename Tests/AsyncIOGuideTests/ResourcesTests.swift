import AsyncIO
import AsyncIOTesting
import Synchronization
import Testing

/// The code of the guide's page on resources.
@Suite struct ResourcesTests {
  static let log = Mutex<[String]>([])

  struct Connection: AsyncResource {
    let name: String

    init(_ name: String) { self.name = name }

    func open() async throws -> Connection {
      try await sleep(for: .milliseconds(10))
      return self
    }

    func close(_ connection: Connection, after exit: ExitCase) async throws {
      try await sleep(for: .milliseconds(10))  // to its end, even if the task is cancelled
      ResourcesTests.log.withLock { $0.append(name) }
    }

    func query(_ text: String) async throws -> Int { text.count }
  }

  @Test(.virtualTime) func `open, use, close`() async throws {
    let servers = ["one", "two"]
    try await withResource(Connection("db")) { connection in
      _ = try await connection.query("SELECT 1")
    }

    try await withExitStack { stack in
      for server in servers { try await stack.enter(Connection(server)) }
      stack.callback { print("the last is the first to be released") }
    }

    let count = try await withResource(
      acquire: { try await fetch("lock") }, release: { print("give back", $0) }
    ) {
      lock in lock.count
    }
    #expect(count == 9)
    #expect(Self.log.withLock { $0 } == ["db", "two", "one"])
  }

  func connect() async throws -> Connection { try await Connection("pooled").open() }

  @Test(.virtualTime) func `a pool`() async throws {
    let pool = ResourcePool(
      ResourcePoolConfiguration(maximumSize: 2),
      create: { try await self.connect() },
      destroy: { _ in })
    let sums = try await gather(1...10) { _ in
      try await pool.withResource { connection in try await connection.query("SELECT 1") }
    }
    #expect(sums.count == 10)
    #expect(pool.statistics.created == 2)
    try await pool.close()
  }
}
