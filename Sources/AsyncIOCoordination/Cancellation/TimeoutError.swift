/// An operation did not end in the time that it was given.
///
/// It is never thrown for a cancellation: who catches it knows that time was the reason.
public struct TimeoutError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The time that was given.
  public let duration: Duration

  /// Makes the error for an operation that was given `duration`.
  public init(after duration: Duration) { self.duration = duration }

  /// A sentence, such as `timed out after 5.0 seconds`.
  public var description: String { "timed out after \(duration)" }
}
