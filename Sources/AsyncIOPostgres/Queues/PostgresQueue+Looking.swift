import FoundationEssentials

extension PostgresQueue {
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
      SELECT count(*) FILTER (WHERE died_at IS NULL AND visible_at <= now AND attempts < \(maximumAttempts)),
        count(*) FILTER (WHERE died_at IS NULL AND visible_at > now),
        count(*) FILTER (WHERE died_at IS NOT NULL OR (visible_at <= now AND attempts >= \(maximumAttempts)))
      FROM \(unsafe: table), (SELECT clock_timestamp() AS now) AS clock
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
