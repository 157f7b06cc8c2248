import AsyncIORuntime

extension PostgresQueue {
  /// Says that items were dealt with: they are removed (`taskDone`).
  ///
  /// - Parameters:
  ///   - items: Items that were taken.
  ///   - connection: What to say it by: so that what was done and the item's end are one transaction. One of the pool if nil.
  /// - Returns: The numbers (`id`) of those that were this taker's still: without those that somebody else has been given, as it
  ///   took too long.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// They may have been removed; if not, they come again.
  @discardableResult
  public func done(_ items: [Item], on connection: PostgresConnection? = nil) async throws -> Set<Int> {
    guard !items.isEmpty else { return [] }
    let statement: PostgresStatement =
      "DELETE FROM \(unsafe: table) WHERE id = ANY (\(locked: items, in: table)) RETURNING id"
    let rows =
      if let connection { try await connection.query(statement) } else { try await pool.query(statement) }
    return Set(try rows.map { try $0[0, as: Int.self] })
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
    try await !done([item], on: connection).isEmpty
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

  /// Puts items back that nothing was done about: they can be taken at once, and the attempt does not count.
  ///
  /// For a taker that has to end in their middle, as it was told to.
  ///
  /// - Parameter items: Items that were taken.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// They come again in any case, at the latest when their visibility timeout is over.
  public func putBack(_ items: [Item]) async throws {
    guard !items.isEmpty else { return }
    try await pool.execute(
      """
      WITH changed AS (
        UPDATE \(unsafe: table) SET visible_at = clock_timestamp(), attempts = attempts - 1
        WHERE id = ANY (\(locked: items, in: table)) RETURNING id)
      SELECT pg_notify(\(name), '') FROM (SELECT count(*) FROM changed) counted
      """)
  }

  /// Hides items that were taken for longer, as they take longer.
  ///
  /// - Parameters:
  ///   - items: Items that were taken.
  ///   - duration: From now on.
  /// - Returns: How many are this taker's still: fewer if somebody else has been given some already.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// They may be hidden for longer.
  @discardableResult
  public func hide(_ items: [Item], for duration: Duration) async throws -> Int {
    guard !items.isEmpty else { return 0 }
    return try await pool.execute(
      """
      UPDATE \(unsafe: table) SET visible_at = clock_timestamp() + \(duration.postgresSeconds)::float8 * interval '1 s'
      WHERE id = ANY (\(locked: items, in: table))
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
    try await hide([item], for: duration) == 1
  }

  /// Waits until every item was dealt with, or is a dead letter.
  ///
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the wait; the call may be repeated.
  public func join() async throws {
    while true {
      // Nobody may be taking items any more, which would make dead letters of those whose last taker has died.
      try await buryDead()
      if try await isJoined { return }
      try await sleep(for: waiting.pollInterval)
    }
  }

  /// Whether every item was dealt with, or is a dead letter.
  var isJoined: Bool {
    get async throws {
      try await pool.queryValue(
        "SELECT NOT EXISTS (SELECT FROM \(unsafe: table) WHERE died_at IS NULL)", as: Bool.self)
    }
  }
}

extension PostgresStatement.StringInterpolation {
  /// Adds the numbers of those items that are their takers' still, and locks their rows.
  ///
  /// In the order of the numbers: two who lock some of the same rows would else wait for each other, if each has what the other
  /// waits for.
  fileprivate mutating func appendInterpolation<Element>(
    locked items: [PostgresQueue<Element>.Item], in table: String
  ) {
    appendLiteral("ARRAY(SELECT q.id FROM \(table) q JOIN unnest(")
    appendInterpolation(items.map(\.id))
    appendLiteral("::bigint[], ")
    appendInterpolation(items.map(\.attempt))
    appendLiteral(
      "::int[]) AS d (id, attempt) ON q.id = d.id AND q.attempts = d.attempt ORDER BY q.id FOR UPDATE OF q)")
  }
}
