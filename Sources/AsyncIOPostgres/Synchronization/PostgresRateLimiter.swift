// The generic cell rate algorithm in a row of a table: one number is kept, the time at which the bucket is full again, by the
// server's clock. A statement moves it on if the bucket allows, and otherwise says how long it takes until it will. The server locks
// the row meanwhile, so that two who take at the same time take one after the other.

import AsyncIOCoordination
import AsyncIORuntime

/// Lets a limited number of things happen in a period of time, in all processes together: the shape of `RateLimiter`.
///
/// ```swift
/// let requests = try await PostgresRateLimiter(pool, name: "requests to example.org", 100, per: .seconds(1), burst: 10)
/// try await requests.acquire()
/// ```
///
/// It costs a round trip and a change of a row each time: for hundreds in a second, not for thousands.
public final class PostgresRateLimiter: Sendable {
  /// What it is known by on the server.
  public let name: String
  private let pool: PostgresPool
  /// How long it takes until one is there again, in seconds.
  private let interval: Double
  private let burst: Int

  /// Makes a limiter, and the table `asyncio_rate_limits` if there is none.
  ///
  /// - Parameters:
  ///   - pool: Where the server is.
  ///   - name: What it is known by; all who use it give the same numbers.
  ///   - count: How many may happen in `period`, in the long run; at least 1.
  ///   - period: For example a second.
  ///   - burst: How many may happen at once after a pause; `count` if nil, and 1 to space them evenly.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The table may be there then.
  public init(
    _ pool: PostgresPool, name: String, _ count: Int, per period: Duration, burst: Int? = nil
  ) async throws {
    precondition(count > 0, "a rate limiter lets 1 or more happen in a period, not \(count)")
    precondition((burst ?? count) > 0, "a rate limiter lets 1 or more happen at once, not \(burst ?? count)")
    precondition(period > .zero, "a rate limiter has a period of more than no time, not \(period)")
    self.pool = pool
    self.name = name
    self.burst = burst ?? count
    interval = period.postgresSeconds / Double(count)
    try await pool.withTransaction { connection in
      try await connection.execute("SELECT pg_advisory_xact_lock(hashtext('asyncio_rate_limits'))")
      try await connection.execute(
        script:
          "CREATE TABLE IF NOT EXISTS asyncio_rate_limits (name text PRIMARY KEY, full_at timestamptz NOT NULL)"
      )
    }
  }

  /// Waits until it may happen again.
  ///
  /// - Parameter count: How much is taken at once, from 1 to the burst.
  /// - Throws: `PostgresError`; `CancellationError` when the task is cancelled while it waits.
  ///
  /// ## Cancellation
  /// Ends the wait, and takes nothing, unless it came when the server had just granted it.
  public func acquire(_ count: Int = 1) async throws {
    while let time = try await take(count) { try await sleep(for: time) }
  }

  /// Takes what is there, if it suffices.
  ///
  /// - Parameter count: How much is taken at once, from 1 to the burst.
  /// - Returns: Whether it may happen now.
  /// - Throws: `PostgresError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// It may have been taken.
  public func tryAcquire(_ count: Int = 1) async throws -> Bool { try await take(count) == nil }

  /// Takes `count`; if that cannot be yet, how long it takes until it can be.
  private func take(_ count: Int) async throws -> Duration? {
    precondition(
      (1...burst).contains(count),
      "a rate limiter with a burst of \(burst) gives 1 to \(burst) at once, not \(count)")
    let cost = interval * Double(count)
    let room = interval * Double(burst)
    let taken = try await pool.execute(
      """
      INSERT INTO asyncio_rate_limits AS l (name, full_at)
      VALUES (\(name), clock_timestamp() + \(cost)::float8 * interval '1 s')
      ON CONFLICT (name) DO UPDATE SET full_at = greatest(l.full_at, clock_timestamp()) + \(cost)::float8 * interval '1 s'
      WHERE greatest(l.full_at, clock_timestamp()) + \(cost - room)::float8 * interval '1 s' <= clock_timestamp()
      """)
    if taken == 1 { return nil }
    let seconds = try await pool.query(
      """
      SELECT extract(epoch FROM full_at - clock_timestamp())::float8 + \(cost - room)::float8
      FROM asyncio_rate_limits WHERE name = \(name)
      """, as: Double.self
    ).first
    // Rounded up to what timers tell apart.
    return .seconds(max(0.001, seconds ?? 0))
  }
}
