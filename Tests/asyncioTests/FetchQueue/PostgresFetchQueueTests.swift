#if ASYNCIO_POSTGRES
  import AsyncIO
  import AsyncIOPostgres
  import AsyncIOTesting
  import Glibc
  import Testing

  @testable import asyncio

  @Suite struct PostgresFetchQueueTests {
    @Test(arguments: [
      (PostgresError(.connectionLost, ""), true), (PostgresError(.connectionFailed, ""), true),
      (PostgresError(.refused, "", sqlState: .deadlockDetected), true),
      (PostgresError(.refused, "", sqlState: .serializationFailure), true),
      (PostgresError(.refused, "", sqlState: .undefinedTable), false), (PostgresError(.closed, ""), false),
    ])
    func `what may pass is tried again`(error: PostgresError, mayPass: Bool) {
      #expect(PostgresFetchQueue.mayPass(error) == mayPass)
      #expect(PostgresFetchQueue.mayPass(TimeoutError(after: .seconds(1))))
      #expect(!PostgresFetchQueue.mayPass(CancellationError()))
    }
  }

  @Suite(.postgres, .realTime, .deadline(.seconds(60))) struct PostgresFetchQueueServerTests {
    private func withQueue(
      _ name: String, _ urls: [String], _ body: (PostgresFetchQueue) async throws -> Void
    ) async throws {
      let queue = try await PostgresFetchQueue.open(
        variable("ASYNCIO_POSTGRES") ?? "", name: name, claim: .seconds(60), retries: 0)
      #expect(try await queue.put(urls) == urls.count)
      try await body(queue)
      try await queue.pool.execute("DROP TABLE \(name: queue.queue.name), \(name: queue.table)")
      await queue.close()
    }

    private func ended(_ jobs: [FetchJob]) -> [EndedJob] {
      jobs.map { EndedJob(job: $0, result: FetchResult($0.url, .fetched(status: 200))) }
    }

    @Test func `results that were noted, and whose answer was lost, are this process's still`() async throws {
      try await withQueue("lost-answer", ["http://a/1", "http://a/2", "http://a/3"]) { queue in
        let jobs = try await queue.take(upTo: 2)
        let ids = Set(jobs.map(\.id))
        #expect(try await queue.finish(ended(jobs)) == ids)
        // As it is repeated when the connection was lost at the commit, with what has ended meanwhile.
        let more = try await queue.take(upTo: 2)
        #expect(try await queue.finish(ended(jobs + more)) == ids.union(more.map(\.id)))
        // Another attempt is not the one that was noted, nor is that of another process.
        var others = jobs
        for index in others.indices { others[index].attempt += 1 }
        #expect(try await queue.finish(ended(others)) == [])
        try await queue.pool.execute("UPDATE \(name: queue.table) SET worker = 'another'")
        #expect(try await queue.finish(ended(jobs)) == [])
      }
    }

    @Test func `what can never be saved becomes a dead letter, with the reason`() async throws {
      try await withQueue("unsaved", ["http://a/1"]) { queue in
        for attempt in 1...5 {
          let job = try #require(try await queue.take(upTo: 1).first)
          #expect(job.attempt == attempt)
          try await queue.giveAgain(job, after: .zero, because: "not saved: full")
        }
        #expect(try await queue.take(upTo: 1).isEmpty)
        let summary = try await queue.summary()
        #expect(summary.dead == 1 && !summary.isOK)
        #expect(summary.lines().last == "  dead: http://a/1 : not saved: full")
      }
    }
  }

  private func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  private struct MissingServer: Error {}

  extension Trait where Self == ConditionTrait {
    /// Needs a server; skipped, with these words, where there is none, and failed where CI is set.
    fileprivate static var postgres: Self {
      .enabled("SKIPPED, as there is no PostgreSQL: run Tests/Databases/with-postgres swift test") {
        if variable("ASYNCIO_POSTGRES") != nil { return true }
        if variable("CI") != nil { throw MissingServer() }
        return false
      }
    }
  }
#endif
