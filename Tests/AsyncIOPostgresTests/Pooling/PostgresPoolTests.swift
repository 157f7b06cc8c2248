import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Synchronization
import Testing

@Suite(.postgres, .realTime, .deadline(.seconds(60)), .closesDescriptors) struct PostgresPoolTests {
  private func withPool(
    _ configuration: ResourcePoolConfiguration = ResourcePoolConfiguration(maximumSize: 10),
    _ address: String = Server.address ?? "", _ body: (PostgresPool) async throws -> Void
  ) async throws {
    let pool = PostgresPool(address, configuration)
    do { try await body(pool) } catch {
      try await pool.close(grace: .seconds(5))
      throw error
    }
    #expect(try await pool.close(grace: .seconds(5)) == 0)
  }

  @Test func `a thousand queries at once over ten connections`() async throws {
    try await withPool { pool in
      let answers = try await gather(0..<1000) { number in
        try await pool.queryValue("SELECT \(number)::int + 1", as: Int.self)
      }
      #expect(answers == Array(1...1000))
      #expect(pool.connections.statistics.created <= 10 && pool.connections.statistics.inUse == 0)
    }
  }

  @Test func `some of them cancelled at random, and nothing leaks`() async throws {
    var numbers = SystemRandomNumberGenerator()
    let delays = (0..<1000).map { _ in Int.random(in: 0..<200, using: &numbers) }
    try await withPool { pool in
      let results = try await gatherResults(Array(delays.enumerated())) { number, delay in
        try await withTimeoutOrNil(.milliseconds(delay)) {
          try await pool.queryValue("SELECT \(number)::int FROM pg_sleep(0.001)", as: Int.self)
        }
      }
      for (number, result) in results.enumerated() {
        let answer = try result.get()
        #expect(answer == nil || answer == number)
      }
      #expect(pool.connections.statistics.inUse == 0)
      #expect(try await pool.queryValue("SELECT 1", as: Int.self) == 1)
    }
  }

  @Test func `a connection that comes back in a transaction is not lent again`() async throws {
    try await withPool(ResourcePoolConfiguration(maximumSize: 1)) { pool in
      let first = try await pool.withConnection { connection in
        try await connection.execute(script: "BEGIN")
        return try await connection.processIdentifier()
      }
      try await pool.withConnection { connection in
        #expect(!connection.isInTransaction)
        let answer = try await connection.processIdentifier()
        #expect(answer != first)
      }
    }
  }

  @Test func `a connection that the server has closed while it was idle is not lent`() async throws {
    try await withConnection { other in
      try await withPool(ResourcePoolConfiguration(maximumSize: 1)) { pool in
        for _ in 0..<3 {
          let process = try await pool.withConnection { try await $0.processIdentifier() }
          try await other.execute("SELECT pg_terminate_backend(\(process)::int)")
          while try await other.activity(of: process) != nil {}
          #expect(try await pool.queryValue("SELECT 1", as: Int.self) == 1)
        }
      }
    }
  }

  @Test func `what is done with each new connection is done once`() async throws {
    let count = Atomic<Int>(0)
    let pool = PostgresPool(Server.address ?? "", ResourcePoolConfiguration(maximumSize: 1)) { connection in
      count.add(1, ordering: .relaxed)
      try await connection.execute(script: "SET application_name = 'asyncio-tests'")
    }
    for _ in 0..<3 {
      #expect(try await pool.queryValue("SHOW application_name", as: String.self) == "asyncio-tests")
    }
    #expect(count.load(ordering: .relaxed) == 1)
    try await pool.close()
  }

  @Test func `a server that is not there is told to whoever asks`() async throws {
    try await withPool(ResourcePoolConfiguration(maximumSize: 2), "host=/nowhere user=x dbname=x") { pool in
      let failure = try await error { try await pool.execute("SELECT 1") }
      #expect(failure.code == .connectionFailed && failure.message.contains("/nowhere"))
    }
  }

  @Test func `the server is killed and restarted in the middle`() async throws {
    let folder = "/tmp/asyncio-postgres-restart.\(getpid())"
    try await server(folder, "start")
    do {
      let port = try await Subprocess.run("cat", "\(folder)/port").text.split(separator: "\n")[0]
      try await withPool(
        ResourcePoolConfiguration(maximumSize: 10), "host=\(folder) port=\(port) user=asyncio dbname=postgres"
      ) { pool in
        try await survive(in: pool, folder)
      }
    } catch {
      try await withShield { try await server(folder, "stop") }
      throw error
    }
    try await server(folder, "stop")
    _ = try await Subprocess.run("rm", "-rf", folder)
  }

  private func survive(in pool: PostgresPool, _ folder: String) async throws {
    let errors = Mutex<[PostgresError]>([])
    let answered = Atomic<Int>(0)
    let isOver = Atomic<Bool>(false)
    try await withTaskScope { scope in
      for _ in 0..<20 {
        scope.createTask {
          while !isOver.load(ordering: .relaxed) {
            do {
              try await pool.execute("SELECT pg_sleep(0.01)")
              answered.add(1, ordering: .relaxed)
            } catch let error as PostgresError {
              errors.withLock { $0.append(error) }
              try await sleep(for: .milliseconds(20))
            }
          }
        }
      }
      try await wait(for: 50, in: answered, "before the kill", errors)
      try await server(folder, "kill")
      try await server(folder, "start")
      let before = answered.load(ordering: .relaxed)
      try await wait(for: before + 50, in: answered, "after the restart", errors)
      isOver.store(true, ordering: .relaxed)
    }
    let seen = errors.withLock { $0 }
    let codes = Set(seen.map(\.code))
    #expect(
      codes.contains(.connectionLost) && codes.isSubset(of: [.connectionLost, .connectionFailed]), "\(seen)")
    #expect(pool.connections.statistics.inUse == 0 && pool.connections.statistics.size <= 10)
  }

  private func wait(
    for count: Int, in answered: borrowing Atomic<Int>, _ moment: String,
    _ errors: borrowing Mutex<[PostgresError]>
  ) async throws {
    let start = LoopClock.now
    while answered.load(ordering: .relaxed) < count {
      guard start.duration(to: .now) < .seconds(30) else {
        let last = errors.withLock { ($0.count, $0.last) }
        throw Broken(
          text:
            "no answers \(moment), and \(last.0) errors, of which the last is \(String(describing: last.1))")
      }
      try await sleep(for: .milliseconds(5))
    }
  }

  private func server(_ folder: String, _ action: String) async throws {
    let result = try await Subprocess.run(Server.script, folder, action)
    guard result.status == .exited(code: 0) else { throw Broken(text: result.text) }
  }

  struct Broken: Error { let text: String }
}
