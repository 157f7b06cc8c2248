// A queue in a table: what is in it outlives processes and the server, and any number of processes put in and take out.
//
// An item is a row. Who takes it hides it for a time (its visibility timeout) and counts the attempt; who is done with it deletes
// the row. If the process dies, or takes too long, the item can be seen again, and somebody else takes it: so it is done at least once.
// Rows are taken with SKIP LOCKED: two who take at the same time get different ones, and neither waits.
//
// Why a latecomer does no harm: whoever says that an item is done names the attempt. If the item was taken by somebody else since,
// the attempt is another one, and nothing is deleted.
//
// Why nobody sleeps while an item is there: who finds nothing waits for an event that was taken before it looked, and that is set
// when a notification comes; the server sends one when a row was committed. What becomes visible again by time sends none, and a
// notification may be lost with its connection: so the wait has a limit, and then it looks again.

import AsyncIORuntime
import FoundationEssentials
import Synchronization

/// A queue that is kept by the server: the shape of `AsyncQueue`, for several processes and machines.
///
/// ```swift
/// let jobs = try await PostgresQueue<Job>(pool, name: "jobs")
/// try await jobs.put(Job(url: url))
///
/// for try await item in jobs {  // in any number of processes
///   try await fetch(item.value.url)
///   try await jobs.done(item)
/// }
/// ```
///
/// An item that nobody has said to be done within `visibilityTimeout` is given to somebody else: each is done at least once, and
/// twice when a process dies or is late. One that was given out `maximumAttempts` times without being done goes to the dead letters.
///
/// Items are taken in the order in which they were put in, as far as several may take at once. A connection besides
/// the pool's listens for new items, from the first wait on.
public final class PostgresQueue<Element: Codable & Sendable>: Sendable {
  /// An item that was taken out, to be said to be done.
  public struct Item: Sendable {
    /// What was put in.
    public let value: Element
    /// The number of the item in the queue.
    public let id: Int
    /// How many times it was given out by now, from 1.
    public let attempt: Int

    /// An item as it was taken, such as one whose number and attempt were noted elsewhere.
    ///
    /// - Parameters:
    ///   - value: What was put in.
    ///   - id: The number of the item in the queue.
    ///   - attempt: How many times it was given out, from 1.
    public init(value: Element, id: Int, attempt: Int) {
      (self.value, self.id, self.attempt) = (value, id, attempt)
    }
  }

  /// What is in a queue.
  public struct Statistics: Sendable, Equatable {
    /// Items that can be taken now.
    public var waiting: Int
    /// Items that were taken, or are put off, and are hidden for the time being.
    public var hidden: Int
    /// Dead letters, and what becomes one as soon as anybody looks for items: nobody has said in time that its last attempt is done.
    public var dead: Int
  }

  /// The name of the queue, and of its table.
  public let name: String
  /// How long an item that was taken is hidden.
  public let visibilityTimeout: Duration
  /// How many times an item is given out.
  public let maximumAttempts: Int
  let pool: PostgresPool
  let waiting: QueueAlarm
  let table: String

  /// Opens a queue, and makes its table if there is none.
  ///
  /// - Parameters:
  ///   - pool: Where the server is.
  ///   - name: Of the table; all who use the queue give the same.
  ///   - visibilityTimeout: How long an item that was taken is hidden: longer than it takes to be done with it.
  ///   - maximumAttempts: How many times an item is given out before it is a dead letter, at least 1.
  ///   - pollInterval: How long who waits may miss an item that has become visible by time.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The table may be there then.
  public init(
    _ pool: PostgresPool, name: String, visibilityTimeout: Duration = .seconds(60), maximumAttempts: Int = 5,
    pollInterval: Duration = .seconds(1)
  ) async throws {
    precondition(maximumAttempts > 0, "an item is given out 1 time or more, not \(maximumAttempts)")
    precondition(
      visibilityTimeout > .zero, "an item is hidden for more than no time, not \(visibilityTimeout)")
    self.pool = pool
    self.name = name
    self.visibilityTimeout = visibilityTimeout
    self.maximumAttempts = maximumAttempts
    table = PostgresStatement.quoted(name)
    waiting = QueueAlarm(pool, channel: name, pollInterval: pollInterval)
    try await makeTable()
  }

  deinit { waiting.end() }

  private func makeTable() async throws {
    try await pool.withConnection { [name, table] connection in
      try await connection.withTransaction {
        // Two that make the same table at the same time would be in each other's way.
        try await connection.execute("SELECT pg_advisory_xact_lock(hashtext(\("asyncio queue " + name)))")
        try await connection.execute(
          script: """
            CREATE TABLE IF NOT EXISTS \(table) (
              id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text NOT NULL, attempts int NOT NULL DEFAULT 0,
              visible_at timestamptz NOT NULL DEFAULT now(), put_at timestamptz NOT NULL DEFAULT now(),
              died_at timestamptz, error text);
            CREATE INDEX IF NOT EXISTS \(PostgresStatement.quoted(name + "_visible")) ON \(table) (visible_at, id)
              WHERE died_at IS NULL
            """)
      }
    }
  }

  // MARK: Putting

  /// Puts items in, all or none.
  ///
  /// With `connection` they are put in by its transaction, and seen by others when that is committed: so that what is stored and
  /// what is to be done about it cannot be at odds.
  ///
  /// - Parameters:
  ///   - items: What to put in.
  ///   - delay: How long they cannot be seen.
  ///   - connection: What to put them in by; one of the pool if nil.
  /// - Throws: `PostgresError`; `CancellationError`; `EncodingError` for a value that JSON cannot express.
  ///
  /// ## Cancellation
  /// They may have been put in, unless it was in a transaction that is rolled back.
  public func put(
    contentsOf items: some Sequence<Element>, after delay: Duration = .zero,
    on connection: PostgresConnection? = nil
  ) async throws {
    let texts = try items.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    guard !texts.isEmpty else { return }
    let statement: PostgresStatement = """
      WITH new AS (
        INSERT INTO \(unsafe: table) (value, visible_at)
        SELECT text, now() + \(delay.postgresSeconds)::float8 * interval '1 s'
        FROM unnest(\(texts)::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n RETURNING id)
      SELECT pg_notify(\(name), '') FROM (SELECT count(*) FROM new) counted
      """
    if let connection { try await connection.execute(statement) } else { try await pool.execute(statement) }
  }

  /// Puts an item in.
  ///
  /// - Parameters:
  ///   - item: What to put in.
  ///   - delay: How long it cannot be seen.
  ///   - connection: What to put it in by; one of the pool if nil.
  /// - Throws: As `put(contentsOf:)`.
  ///
  /// ## Cancellation
  /// As `put(contentsOf:)`.
  public func put(
    _ item: Element, after delay: Duration = .zero, on connection: PostgresConnection? = nil
  ) async throws {
    try await put(contentsOf: CollectionOfOne(item), after: delay, on: connection)
  }
}

extension Duration {
  /// Seconds, as a parameter.
  var postgresSeconds: Double { self / .seconds(1) }
}
