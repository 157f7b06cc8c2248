/// Why a pool has no resource to give.
public struct ResourcePoolError: Error, Sendable, CustomStringConvertible {
  /// The kind of reason.
  public enum Code: Sendable {
    /// None came free, and none was created, in the time that `acquireTimeout` allows.
    case timedOut
    /// The pool was closed before or meanwhile.
    case closed
  }

  /// The kind of reason.
  public let code: Code
  /// The state of the pool at that moment.
  public let statistics: ResourcePoolStatistics
  /// The last error of a creation, if none has succeeded since: what may be behind a timeout.
  public let cause: (any Error)?

  /// A sentence that says how many are in use, and what to do.
  public var description: String {
    guard code == .timedOut else { return "the pool was closed: it gives no more resources" }
    let state =
      "\(statistics.inUse) of \(statistics.maximumSize) are in use, \(statistics.creating) are being created, "
      + "\(statistics.waiting) others wait"
    guard let cause else {
      return "no resource of the pool came free in time: \(state); release them sooner or raise maximumSize"
    }
    return "no resource of the pool could be had in time: \(state); the last creation failed: \(cause)"
  }
}

/// What a pool has to tell.
public struct ResourcePoolStatistics: Sendable, Equatable {
  /// How many resources there may be.
  public var maximumSize: Int
  /// Resources that nobody uses.
  public var idle: Int
  /// Resources that somebody uses, or checks.
  public var inUse: Int
  /// Resources that are being created.
  public var creating: Int
  /// Resources that are being destroyed.
  public var destroying: Int
  /// Tasks that wait for one.
  public var waiting: Int
  /// How many were created, so far.
  public var created: Int
  /// How many were destroyed, so far.
  public var destroyed: Int
  /// How many creations failed, so far.
  public var failedCreations: Int
  /// How many tasks gave up after `acquireTimeout`, so far.
  public var timeouts: Int

  /// All resources that count for the maximum.
  public var size: Int { idle + inUse + creating + destroying }
}
