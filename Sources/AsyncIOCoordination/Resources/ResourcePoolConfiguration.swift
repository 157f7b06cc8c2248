/// How many resources a `ResourcePool` keeps, for how long, and how it looks after them.
///
/// ```swift
/// var configuration = ResourcePoolConfiguration(maximumSize: 20)
/// configuration.idleTimeout = .seconds(60)
/// ```
public struct ResourcePoolConfiguration: Sendable {
  /// Which of several idle resources is handed out.
  public enum Reuse: Sendable {
    /// The one that was used last: the others grow old, and the pool shrinks to what is needed.
    case lifo
    /// The one that was idle longest: all are used evenly.
    case fifo
  }

  /// How many resources there are at most, at least 1; those that are being created or destroyed are counted.
  public var maximumSize: Int
  /// How many are kept idle, for those who come next; fewer where the maximum does not allow it.
  public var minimumIdle: Int
  /// How many are created at the same time, at least 1.
  public var maximumCreations = 4
  /// How long `acquire` waits; nil for as long as it takes.
  public var acquireTimeout: Duration? = .seconds(30)
  /// How long one may be idle before it is destroyed, unless it is one of `minimumIdle`; nil for ever.
  public var idleTimeout: Duration? = .seconds(600)
  /// How old one may be before it is destroyed when nobody uses it; nil for any age.
  public var maximumAge: Duration? = .seconds(1800)
  /// By which part of `maximumAge` one may be destroyed earlier, by chance, from 0 to 1: so that those that were created together
  /// do not go together.
  public var ageJitter = 0.1
  /// How long one must have been idle to be checked before it is handed out; zero for each time.
  public var checkAfterIdle: Duration = .milliseconds(500)
  /// Which of several idle ones is handed out.
  public var reuse = Reuse.lifo

  /// Makes a configuration with the values that HikariCP and bb8 begin with.
  ///
  /// - Parameters:
  ///   - maximumSize: How many resources there are at most.
  ///   - minimumIdle: How many are kept idle.
  public init(maximumSize: Int = 10, minimumIdle: Int = 0) {
    self.maximumSize = maximumSize
    self.minimumIdle = minimumIdle
  }

  func check() {
    precondition(maximumSize > 0, "a pool has room for 1 resource or more, not \(maximumSize)")
    precondition(
      (0...maximumSize).contains(minimumIdle),
      "a pool of \(maximumSize) keeps 0 to \(maximumSize) idle, not \(minimumIdle)")
    precondition(maximumCreations > 0, "a pool creates 1 resource or more at a time, not \(maximumCreations)")
    precondition((0...1).contains(ageJitter), "the age jitter of a pool is 0 to 1, not \(ageJitter)")
    precondition(
      maximumAge.map { $0 > .zero } ?? true,
      "the maximum age of a resource is more than zero, not \(maximumAge ?? .zero)")
    precondition(
      idleTimeout.map { $0 >= .zero } ?? true,
      "the idle time of a resource is zero or more, not \(idleTimeout ?? .zero)")
  }
}
