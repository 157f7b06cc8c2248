// Databases: `asynciodatabasebench WORKLOAD`. Benchmarks/databases runs it beside asyncpg, psycopg, pgx and aiosqlite.

import AsyncIO

func measure(_ name: String, _ count: Int, _ body: () async throws -> Void) async throws {
  let start = ContinuousClock.now
  try await body()
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  print(name, count, seconds, Int(Double(count) / seconds))
}

@main struct Main {
  static func main() throws {
    try EventLoop.run {
      let workload = CommandLine.arguments.last ?? ""
      if try await measurePostgres(workload) { return }
      guard try await measureSQLite(workload) else {
        preconditionFailure("there is no workload '\(workload)'; Benchmarks/README.md names them")
      }
    }
  }
}
