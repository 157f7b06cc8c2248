#if ASYNCIO_POSTGRES
  import AsyncIO
  import AsyncIOPostgres

  extension PostgresFetchQueue {
    func keep(_ jobs: [FetchJob]) async throws {
      try await persistently { _ = try await queue.hide(jobs.map(item), for: claim) }
    }

    func finish(_ ended: [EndedJob]) async throws -> Set<Int> {
      try await persistently {
        try await pool.withTransaction { connection in
          let counted = try await self.queue.done(ended.map { self.item($0.job) }, on: connection)
          let results = ended.filter { counted.contains($0.job.id) }
          if !results.isEmpty { try await self.note(results, on: connection) }
          let others = ended.map(\.job).filter { !counted.contains($0.id) }
          return counted.union(try await self.noted(others, on: connection))
        }
      }
    }

    /// The `id`s of those jobs whose results this process has noted: the answer to the commit was lost, if it asks again.
    private func noted(_ jobs: [FetchJob], on connection: PostgresConnection) async throws -> [Int] {
      guard !jobs.isEmpty else { return [] }
      return try await connection.query(
        """
        SELECT d.id FROM \(name: table) u
        JOIN unnest(\(jobs.map(\.id))::bigint[], \(jobs.map(\.number))::bigint[], \(jobs.map(\.attempt))::int[])
          AS d (id, number, attempt) ON u.number = d.number AND u.attempts = d.attempt
        WHERE u.worker = \(worker) AND u.finished_at IS NOT NULL
        """, as: Int.self)
    }

    private func note(_ ended: [EndedJob], on connection: PostgresConnection) async throws {
      let results = ended.map(\.result)
      try await connection.execute(
        """
        UPDATE \(name: table) u SET status = d.status, bytes = d.bytes, milliseconds = d.milliseconds,
          error = d.error, worker = \(worker), attempts = d.attempts, finished_at = clock_timestamp()
        FROM unnest(
          \(ended.map(\.job.number))::bigint[], \(results.map(\.status))::int[], \(results.map(\.bytes))::bigint[],
          \(results.map { $0.duration.seconds * 1000 })::float8[], \(results.map { $0.error?.printable })::text[],
          \(ended.map(\.job.attempt))::int[]) AS d (number, status, bytes, milliseconds, error, attempts)
        WHERE u.number = d.number
        """)
    }

    func giveAgain(_ job: FetchJob, after pause: Duration, because problem: String) async throws {
      try await persistently { try await queue.giveBack(item(job), after: pause, because: problem.printable) }
    }

    func putBack(_ jobs: [FetchJob]) async throws { try await queue.putBack(jobs.map(item)) }

    private func item(_ job: FetchJob) -> Item {
      Item(
        value: Entry(number: job.number, url: job.url, file: job.file), id: job.id, attempt: job.attempt)
    }

    // MARK: Looking

    func progress() async throws -> (ended: Int, total: Int) {
      let row = try await pool.query("SELECT count(finished_at), count(*) FROM \(name: table)")[0]
      return (ended: try row[0, as: Int.self], total: try row[1, as: Int.self])
    }

    func summary() async throws -> FetchRunSummary {
      var summary = FetchRunSummary(name: name)
      let row = try await pool.query(
        """
        SELECT count(*) FILTER (WHERE error IS NULL AND status < 400), count(finished_at), count(*), coalesce(sum(bytes), 0)::bigint,
          coalesce(sum(attempts - 1), 0)::bigint
        FROM \(name: table)
        """)[0]
      summary.ok = try row[0, as: Int.self]
      summary.failed = try row[1, as: Int.self] - summary.ok
      summary.dead = try await queue.statistics().dead
      summary.left = max(0, try row[2, as: Int.self] - summary.ok - summary.failed - summary.dead)
      summary.bytes = try row[3, as: Int.self]
      summary.repeated = try row[4, as: Int.self]
      summary.deadURLs = try await queue.deadLetters(upTo: 10).map { ($0.item.value.url, $0.error) }
      summary.workers = try await pool.query(
        "SELECT worker, count(*) FROM \(name: table) WHERE worker IS NOT NULL GROUP BY worker ORDER BY worker"
      ).map { (name: try $0[0, as: String.self], count: try $0[1, as: Int.self]) }
      summary.errors = try await pool.query(
        """
        SELECT coalesce(error, 'HTTP status ' || status), count(*) FROM \(name: table)
        WHERE finished_at IS NOT NULL AND (error IS NOT NULL OR status >= 400) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
        """
      ).map { (message: try $0[0, as: String.self], count: try $0[1, as: Int.self]) }
      return summary
    }
  }
#endif
