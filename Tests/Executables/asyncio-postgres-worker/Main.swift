// A worker on a queue in PostgreSQL, for Tests/Databases/queue-under-kill: asyncio-postgres-worker put COUNT | work
//
// What it works on it writes into a table, and says only then that the items are done, in a transaction of its own: whoever is killed
// in between leaves items that are done twice.

import AsyncIOCoordination
import AsyncIOPostgres
import AsyncIORuntime
import Glibc

let address = unsafe getenv("ASYNCIO_POSTGRES").map { unsafe String(cString: $0) } ?? ""

func put(_ count: Int, _ queue: PostgresQueue<Int>, _ pool: PostgresPool) async throws {
  try await pool.execute("CREATE TABLE work_log (value int NOT NULL, worker int NOT NULL)")
  for start in stride(from: 0, to: count, by: 10_000) {
    try await queue.put(contentsOf: start..<min(start + 10_000, count))
  }
}

func work(_ queue: PostgresQueue<Int>, _ pool: PostgresPool) async throws {
  let worker = Int(getpid())
  while true {
    let items = try await queue.get(upTo: 20)
    try await pool.withConnection { connection in
      try await connection.execute(
        "INSERT INTO work_log SELECT value, \(worker) FROM unnest(\(items.map(\.value))::int[]) value")
    }
    try await queue.done(items)
  }
}

try EventLoop.run {
  let pool = PostgresPool(address, ResourcePoolConfiguration(maximumSize: 4))
  let queue = try await PostgresQueue<Int>(
    pool, name: "work", visibilityTimeout: .seconds(3), maximumAttempts: 1000,
    pollInterval: .milliseconds(200))
  if CommandLine.arguments.count == 3, let count = Int(CommandLine.arguments[2]) {
    try await put(count, queue, pool)
  } else {
    // Several items at a time in each process.
    _ = try await gather(0..<2) { _ in try await work(queue, pool) }
  }
}
