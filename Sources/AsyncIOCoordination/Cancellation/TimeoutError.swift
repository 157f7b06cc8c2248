/// An operation did not end in the time that it was given.
///
/// It is never thrown for a cancellation: who catches it knows that time was the reason.
public struct TimeoutError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The time that was given.
  public let duration: Duration
  /// What the operation was doing, where it has more to say than that it took too long.
  public let cause: (any Error)?

  /// Makes the error for an operation that was given `duration`.
  public init(after duration: Duration, cause: (any Error)? = nil) {
    self.duration = duration
    self.cause = cause
  }

  /// Whether both were given the same time.
  public static func == (left: TimeoutError, right: TimeoutError) -> Bool { left.duration == right.duration }

  /// A sentence, such as `timed out after 5.0 seconds`.
  public var description: String {
    guard let cause else { return "timed out after \(duration)" }
    return "timed out after \(duration): \(cause)"
  }
}
