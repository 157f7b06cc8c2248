import AsyncIORuntime
import FoundationEssentials

extension PostgresQueue {
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

  /// Takes items; waits until there is one, or until every item was dealt with, or is a dead letter.
  ///
  /// For work that comes to an end: a taker that gets nothing may go home. An item that another taker holds may come again, so
  /// that as long as there is one this waits.
  ///
  /// - Parameter count: How many at most; more at a time cost less.
  /// - Returns: None if there is nothing left to be done.
  /// - Throws: As `get()`.
  ///
  /// ## Cancellation
  /// As `get()`.
  public func getUntilJoined(upTo count: Int) async throws -> [Item] {
    precondition(count > 0, "1 item or more can be taken at a time, not \(count)")
    while true {
      let alarm = waiting.next()
      let items = try await tryGet(upTo: count)
      if !items.isEmpty { return items }
      try await buryDead()
      if try await isJoined { return [] }
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
    var items: [Item] = []
    var failure: (any Error)?
    for row in rows { do { items.append(try item(row)) } catch { failure = error } }
    if let failure {
      // Its neighbours have nothing to do with it, and are not to die with it.
      try await putBack(items)
      throw failure
    }
    return items.sorted { $0.id < $1.id }
  }

  func item(_ row: PostgresRow) throws -> Item {
    let data = Data(try row[1, as: String.self].utf8)
    return Item(
      value: try JSONDecoder().decode(Element.self, from: data), id: try row[0, as: Int.self],
      attempt: try row[2, as: Int.self])
  }

  /// Makes dead letters of items whose last attempt nobody has said to be done.
  func buryDead() async throws {
    try await pool.execute(
      """
      UPDATE \(unsafe: table) SET died_at = now(), error = 'not done in time, the last time too'
      WHERE id = ANY (ARRAY(
        SELECT id FROM \(unsafe: table)
        WHERE died_at IS NULL AND visible_at <= clock_timestamp() AND attempts >= \(maximumAttempts) FOR UPDATE SKIP LOCKED))
      """)
  }
}
