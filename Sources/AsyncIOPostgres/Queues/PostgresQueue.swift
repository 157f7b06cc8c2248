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
  }

  /// What is in a queue.
  public struct Statistics: Sendable, Equatable {
    /// Items that can be taken now.
    public var waiting: Int
    /// Items that were taken, or are put off, and are hidden for the time being.
    public var hidden: Int
    /// Dead letters.
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

  // MARK: Taking

  /// Takes the next item; waits until there is one.
  ///
  /// - Returns: The item, to be said to be done.
  /// - Throws: `PostgresError`; `CancellationError`; `DecodingError` for an item of another type, which stays in the queue.
  ///
  /// ## Cancellation
  /// Ends the wait. An item may have been taken, and comes again when its visibility timeout is over.
  public func get() async throws -> Item {
    while true {
      if let item = try await get(upTo: 1).first { return item }
    }
  }

  /// Takes items; waits until there is one.
  ///
  /// - Parameter count: How many at most; more at a time cost less.
  /// - Returns: At least one.
  /// - Throws: As `get()`.
  ///
  /// ## Cancellation
  /// As `get()`.
  public func get(upTo count: Int) async throws -> [Item] {
    precondition(count > 0, "1 item or more can be taken at a time, not \(count)")
    while true {
      let alarm = waiting.next()
      let items = try await tryGet(upTo: count)
      if !items.isEmpty { return items }
      try await buryDead()
      try await waiting.wait(for: alarm)
    }
  }

  /// Takes the items that are there.
  ///
  /// - Parameter count: How many at most.
  /// - Returns: None if none can be seen.
  /// - Throws: As `get()`.
  ///
  /// ## Cancellation
  /// As `get()`.
  public func tryGet(upTo count: Int = 1) async throws -> [Item] {
    let rows = try await pool.query(
      """
      UPDATE \(unsafe: table) SET attempts = attempts + 1,
        visible_at = clock_timestamp() + \(visibilityTimeout.postgresSeconds)::float8 * interval '1 s'
      WHERE id = ANY (ARRAY(
        SELECT id FROM \(unsafe: table)
        WHERE died_at IS NULL AND visible_at <= clock_timestamp() AND attempts < \(maximumAttempts)
        ORDER BY visible_at, id LIMIT \(count) FOR UPDATE SKIP LOCKED))
      RETURNING id, value, attempts
      """)
    return try rows.map(item).sorted { $0.id < $1.id }
  }

  private func item(_ row: PostgresRow) throws -> Item {
    let data = Data(try row[1, as: String.self].utf8)
    return Item(
      value: try JSONDecoder().decode(Element.self, from: data), id: try row[0, as: Int.self],
      attempt: try row[2, as: Int.self])
  }

  /// Makes dead letters of items whose last attempt nobody has said to be done.
  private func buryDead() async throws {
    try await pool.execute(
      """
      UPDATE \(unsafe: table) SET died_at = now(), error = 'not done in time, the last time too'
      WHERE id = ANY (ARRAY(
        SELECT id FROM \(unsafe: table)
        WHERE died_at IS NULL AND visible_at <= clock_timestamp() AND attempts >= \(maximumAttempts) FOR UPDATE SKIP LOCKED))
      """)
  }

  // MARK: Ending

  /// Says that items were dealt with: they are removed (`taskDone`).
  ///
  /// - Parameters:
  ///   - items: Items that were taken.
  ///   - connection: What to say it by: so that what was done and the item's end are one transaction. One of the pool if nil.
  /// - Returns: How many were this taker's still: fewer if somebody else has been given some, as it took too long.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// They may have been removed; if not, they come again.
  @discardableResult
  public func done(_ items: [Item], on connection: PostgresConnection? = nil) async throws -> Int {
    let statement: PostgresStatement = """
      DELETE FROM \(unsafe: table) q USING unnest(\(items.map(\.id))::bigint[], \(items.map(\.attempt))::int[]) AS d (id, attempt)
      WHERE q.id = d.id AND q.attempts = d.attempt
      """
    guard let connection else { return try await pool.execute(statement) }
    return try await connection.execute(statement)
  }

  /// Says that an item was dealt with: it is removed (`taskDone`).
  ///
  /// - Parameters:
  ///   - item: An item that was taken.
  ///   - connection: What to say it by; one of the pool if nil.
  /// - Returns: False if somebody else has been given it, as it took too long.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// It may have been removed; if not, it comes again.
  @discardableResult
  public func done(_ item: Item, on connection: PostgresConnection? = nil) async throws -> Bool {
    try await done([item], on: connection) == 1
  }

  /// Gives an item back that could not be dealt with: it is given out again, or becomes a dead letter if it was the last time.
  ///
  /// - Parameters:
  ///   - item: An item that was taken.
  ///   - delay: How long it cannot be seen.
  ///   - error: Why, for people who read the dead letters.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// It comes again in any case.
  public func giveBack(_ item: Item, after delay: Duration = .zero, because error: String? = nil) async throws
  {
    try await pool.execute(
      """
      WITH changed AS (
        UPDATE \(unsafe: table) SET error = \(error),
          visible_at = clock_timestamp() + \(delay.postgresSeconds)::float8 * interval '1 s',
          died_at = CASE WHEN attempts >= \(maximumAttempts) THEN now() END
        WHERE id = \(item.id) AND attempts = \(item.attempt) RETURNING id)
      SELECT pg_notify(\(name), '') FROM changed
      """)
  }

  /// Hides an item that was taken for longer, as it takes longer.
  ///
  /// - Parameters:
  ///   - item: An item that was taken.
  ///   - duration: From now on.
  /// - Returns: False if somebody else has been given it already.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// It may be hidden for longer.
  @discardableResult
  public func hide(_ item: Item, for duration: Duration) async throws -> Bool {
    try await pool.execute(
      """
      UPDATE \(unsafe: table) SET visible_at = clock_timestamp() + \(duration.postgresSeconds)::float8 * interval '1 s'
      WHERE id = \(item.id) AND attempts = \(item.attempt)
      """) == 1
  }

  /// Waits until every item was dealt with, or is a dead letter.
  ///
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the wait; the call may be repeated.
  public func join() async throws {
    while try await pool.queryValue(
      "SELECT EXISTS (SELECT FROM \(unsafe: table) WHERE died_at IS NULL)", as: Bool.self)
    {
      try await sleep(for: waiting.pollInterval)
    }
  }

  /// What is in the queue.
  ///
  /// - Returns: The state of this moment.
  /// - Throws: `PostgresError`; `CancellationError`.
  /// - Complexity: O(n) in the number of items, on the server.
  ///
  /// ## Cancellation
  /// Ends it; the call may be repeated.
  public func statistics() async throws -> Statistics {
    let row = try await pool.query(
      """
      SELECT count(*) FILTER (WHERE died_at IS NULL AND visible_at <= clock_timestamp()),
        count(*) FILTER (WHERE died_at IS NULL AND visible_at > clock_timestamp()), count(died_at)
      FROM \(unsafe: table)
      """)[0]
    return Statistics(
      waiting: try row[0, as: Int.self], hidden: try row[1, as: Int.self], dead: try row[2, as: Int.self])
  }

  /// The items that were given up, and why; the oldest first.
  ///
  /// - Parameter count: How many at most.
  /// - Returns: Items, and what was said when they were given back the last time.
  /// - Throws: `PostgresError`; `CancellationError`; `DecodingError`.
  ///
  /// ## Cancellation
  /// Ends it; the call may be repeated.
  public func deadLetters(upTo count: Int = 100) async throws -> [(item: Item, error: String?)] {
    let rows = try await pool.query(
      """
      SELECT id, value, attempts, error FROM \(unsafe: table) WHERE died_at IS NOT NULL ORDER BY died_at, id LIMIT \(count)
      """)
    return try rows.map { (item: try item($0), error: try $0[3, as: String?.self]) }
  }

  /// Puts all dead letters into the queue again, with all attempts before them.
  ///
  /// - Returns: How many there were.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// They may have been put in.
  @discardableResult
  public func reviveDeadLetters() async throws -> Int {
    let count = try await pool.execute(
      """
      UPDATE \(unsafe: table) SET died_at = NULL, attempts = 0, visible_at = clock_timestamp() WHERE died_at IS NOT NULL
      """)
    if count > 0 { try await pool.execute("SELECT pg_notify(\(name), '')") }
    return count
  }
}

extension PostgresQueue: AsyncSequence {
  /// Makes an iterator; several may take from one queue, each item goes to one of them.
  public func makeAsyncIterator() -> Iterator { Iterator(queue: self) }

  /// Takes items; it ends by an error or a cancellation only.
  public struct Iterator: AsyncIteratorProtocol {
    let queue: PostgresQueue

    /// The next item.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The item, to be said to be done.
    /// - Throws: As `PostgresQueue.get`.
    ///
    /// ## Cancellation
    /// As `PostgresQueue.get`.
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async throws
      -> Item?
    {
      try await queue.get()
    }
  }
}

extension Duration {
  /// Seconds, as a parameter.
  var postgresSeconds: Double { self / .seconds(1) }
}
