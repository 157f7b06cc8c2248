#if ASYNCIO_POSTGRES
  // A run in two tables: `asyncio_fetch_NAME` is the queue (see `PostgresQueue`), and `asyncio_fetch_NAME_urls` has each URL with what
  // became of it.
  //
  // Why each URL is accounted for: it is put into both in one transaction, and taken out of the queue in the transaction that notes its
  // result. So whenever anybody dies, a URL either has a result, or is in the queue, or is one of its dead letters.
  //
  // Why a statement may be repeated when the connection was lost, not knowing whether it took effect: what was put in is not put
  // in again; jobs that were taken twice come back when their claim is over; a result is noted only by whoever takes the job
  // out of the queue, and who has done that finds the result, by the process and the attempt, which is nobody else's.

  import AsyncIO
  import AsyncIOPostgres
  import Glibc

  /// A run that PostgreSQL keeps.
  final class PostgresFetchQueue: FetchQueue {
    /// What is in the queue.
    struct Entry: Codable, Sendable {
      var number: Int
      var url: String
      var file: String
    }

    typealias Item = PostgresQueue<Entry>.Item

    let name: String
    let pool: PostgresPool
    let queue: PostgresQueue<Entry>
    /// The table of URLs.
    let table: String
    /// What this process is called in the table.
    let worker: String
    var claim: Duration { queue.visibilityTimeout }

    /// How many processes may die of a job before it is a dead letter.
    private static let deaths = 5
    /// How long who waits may not notice that the run has ended, or that a claim has.
    private static let pollInterval = Duration.milliseconds(500)
    /// How many URLs are put in at a time.
    private static let portion = 5000

    private init(_ name: String, _ pool: PostgresPool, _ queue: PostgresQueue<Entry>) {
      (self.name, self.pool, self.queue) = (name, pool, queue)
      table = queue.name + "_urls"
      worker = "\(Self.hostName):\(getpid())"
    }

    /// Opens a run, and makes its tables where there are none.
    ///
    /// - Throws: `PostgresError`; `CancellationError`.
    static func open(
      _ server: String, name: String, claim: Duration, retries: Int
    ) async throws -> PostgresFetchQueue {
      let pool = PostgresPool(server, ResourcePoolConfiguration(maximumSize: 4))
      do {
        let queue = try await PostgresQueue<Entry>(
          pool, name: "asyncio_fetch_\(name)", visibilityTimeout: claim, maximumAttempts: retries + deaths,
          pollInterval: pollInterval)
        let run = PostgresFetchQueue(name, pool, queue)
        try await run.makeTable()
        return run
      } catch {
        _ = try? await pool.close()
        throw error
      }
    }

    func close() async { _ = try? await pool.close(grace: .seconds(5)) }

    private static var hostName: String {
      var bytes = [CChar](repeating: 0, count: 256)
      // The array is longer than is said, so that there is a zero at its end in any case.
      _ = unsafe gethostname(&bytes, bytes.count - 1)
      return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func makeTable() async throws {
      try await withLock { connection in
        try await connection.execute(
          """
          CREATE TABLE IF NOT EXISTS \(name: self.table) (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, url text NOT NULL, occurrence int NOT NULL, file text NOT NULL,
            status int, bytes bigint, milliseconds float8, error text, worker text, attempts int, finished_at timestamptz)
          """)
        // Of a URL itself there may be more than an index takes.
        try await connection.execute(
          "CREATE UNIQUE INDEX IF NOT EXISTS \(name: self.table + "_key") ON \(name: self.table) (md5(url), occurrence)"
        )
      }
    }

    /// Calls `body` in a transaction that only one process is in at a time.
    private func withLock<Result>(_ body: (PostgresConnection) async throws -> Result) async throws -> Result
    {
      try await pool.withTransaction { connection in
        try await connection.execute(
          "SELECT pg_advisory_xact_lock(hashtext(\("asyncio fetch " + self.table)))")
        return try await body(connection)
      }
    }

    /// Repeats for a minute or so what has failed as the server was not there, which may be being restarted, and what it has refused
    /// in favour of somebody else.
    func persistently<Result>(_ operation: () async throws -> Result) async throws -> Result {
      try await retry(
        attempts: 35, backoff: .exponential(from: .milliseconds(100), to: .seconds(2)), when: Self.mayPass,
        operation)
    }

    /// Whether the same may go well another time.
    static func mayPass(_ error: any Error) -> Bool {
      // A server that does not answer at all is told as a timeout.
      guard let error = error as? PostgresError else { return error is TimeoutError }
      return error.code == .connectionLost || error.code == .connectionFailed
        || error.sqlState == .deadlockDetected || error.sqlState == .serializationFailure
    }

    // MARK: Putting

    func put(_ urls: [String]) async throws -> Int {
      try await persistently {
        try await withLock { connection in
          var names = OutputNames()
          let taken = try await connection.query("SELECT file FROM \(name: self.table)", as: String.self)
          for name in taken { names.reserve(name) }
          var occurrences: [String: Int] = [:]
          var count = 0
          for start in stride(from: 0, to: urls.count, by: Self.portion) {
            let portion = urls[start..<min(start + Self.portion, urls.count)]
            count += try await self.put(portion, &names, &occurrences, on: connection)
          }
          return count
        }
      }
    }

    private func put(
      _ urls: ArraySlice<String>, _ names: inout OutputNames, _ occurrences: inout [String: Int],
      on connection: PostgresConnection
    ) async throws -> Int {
      var numbers: [Int] = []
      var files: [String] = []
      for url in urls {
        occurrences[url, default: 0] += 1
        numbers.append(occurrences[url, default: 1])
        files.append(names.name(for: url))
      }
      let rows = try await connection.query(
        """
        INSERT INTO \(name: table) (url, occurrence, file)
        SELECT url, occurrence, file
        FROM unnest(\(Array(urls))::text[], \(numbers)::int[], \(files)::text[]) WITH ORDINALITY AS t (url, occurrence, file, n)
        ORDER BY n ON CONFLICT DO NOTHING RETURNING number, url, file
        """)
      let entries = try rows.map {
        Entry(
          number: try $0[0, as: Int.self], url: try $0[1, as: String.self], file: try $0[2, as: String.self])
      }
      try await queue.put(contentsOf: entries.sorted { $0.number < $1.number }, on: connection)
      return entries.count
    }

    // MARK: Taking

    func take(upTo count: Int) async throws -> [FetchJob] {
      try await persistently {
        // Who comes before the URLs waits for them, rather than to find that there is nothing to be done.
        while try await !self.hasBegun { try await sleep(for: Self.pollInterval) }
        return try await self.queue.getUntilJoined(upTo: count).map { item in
          FetchJob(
            id: item.id, attempt: item.attempt, number: item.value.number, url: item.value.url,
            file: item.value.file)
        }
      }
    }

    private var hasBegun: Bool {
      get async throws {
        try await pool.queryValue("SELECT EXISTS (SELECT FROM \(name: table))", as: Bool.self)
      }
    }
  }
#endif
