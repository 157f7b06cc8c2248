import AsyncIORuntime

/// How long to wait before each further attempt: a sequence of delays that does not end (backon's `BackoffBuilder`, tenacity's
/// `wait_*`).
///
/// ```swift
/// let backoff = Backoff.exponential(from: .milliseconds(100), to: .seconds(10), jitter: .full)
/// for delay in backoff {
///   if await isReady() { break }
///   try await sleep(for: delay)
/// }
/// ```
///
/// Each iteration begins anew. Chance comes from the loop that it runs on, so that in a test on virtual time the delays are
/// always the same.
public struct Backoff: Sequence, Sendable {
  /// How chance changes a delay, so that clients that failed together do not come back together; the names and rules are those of
  /// AWS's "Exponential Backoff and Jitter".
  public enum Jitter: Sendable {
    /// Not at all.
    case none
    /// Anything between nothing and the delay.
    case full
    /// Half of the delay, and up to as much again.
    case equal
    /// Anything between the first delay and three times the delay before; it grows by chance.
    case decorrelated
  }

  private let first: Duration
  private let limit: Duration
  private let factor: Double
  private let jitter: Jitter

  private init(first: Duration, limit: Duration, factor: Double, jitter: Jitter) {
    precondition(first >= .zero, "a delay is zero or more, not \(first)")
    precondition(limit >= first, "the longest delay, \(limit), is not shorter than the first, \(first)")
    precondition(factor >= 1, "delays do not shrink: the factor is 1 or more, not \(factor)")
    (self.first, self.limit, self.factor, self.jitter) = (first, limit, factor, jitter)
  }

  /// No delays: the next attempt follows at once, behind what is ready.
  public static var none: Backoff { constant(.zero) }

  /// The same delay each time.
  ///
  /// - Parameters:
  ///   - delay: Zero or more.
  ///   - jitter: Changes each delay; `decorrelated` is none here, as nothing grows.
  /// - Returns: The delays.
  public static func constant(_ delay: Duration, jitter: Jitter = .none) -> Backoff {
    Backoff(first: delay, limit: delay, factor: 1, jitter: jitter)
  }

  /// Delays that grow by a factor, up to a limit.
  ///
  /// - Parameters:
  ///   - first: The delay before the second attempt, without jitter.
  ///   - limit: The longest delay.
  ///   - factor: By how much each is longer than the one before, at least 1; for `decorrelated` it has no meaning.
  ///   - jitter: Changes each delay.
  /// - Returns: The delays.
  public static func exponential(
    from first: Duration, to limit: Duration, factor: Double = 2, jitter: Jitter = .full
  ) -> Backoff {
    Backoff(first: first, limit: limit, factor: factor, jitter: jitter)
  }

  /// Begins at the first delay.
  public func makeIterator() -> Iterator { Iterator(self) }

  /// The delays, one after another.
  public struct Iterator: IteratorProtocol {
    private let backoff: Backoff
    /// Without jitter the delay to come, with `decorrelated` the one that was.
    private var delay: Duration

    init(_ backoff: Backoff) {
      self.backoff = backoff
      delay = backoff.first
    }

    /// The next delay; never nil.
    public mutating func next() -> Duration? {
      if case .decorrelated = backoff.jitter {
        delay = Swift.min(backoff.limit, Self.random(from: backoff.first, to: delay * 3))
        return delay
      }
      let plain = delay
      // Compared before it is multiplied: a duration has an end.
      delay = plain >= backoff.limit / backoff.factor ? backoff.limit : plain * backoff.factor
      switch backoff.jitter {
      case .full: return Self.random(from: .zero, to: plain)
      case .equal: return Self.random(from: plain / 2, to: plain)
      case .none, .decorrelated: return plain
      }
    }

    private static func random(from least: Duration, to greatest: Duration) -> Duration {
      var randomness = LoopRandomness()
      return least + (greatest - least) * Double.random(in: 0...1, using: &randomness)
    }
  }
}
