/// An attempt of `retry` that has failed, and what follows.
public struct FailedAttempt: Sendable {
  /// What `retry` does after a failure.
  public enum Next: Sendable, Equatable {
    /// It tries again after this delay.
    case retries(after: Duration)
    /// It throws the error.
    case givesUp(Reason)
  }

  /// Why there is no further attempt.
  public enum Reason: Sendable, Equatable {
    /// The error is none that is to be tried again.
    case notRetryable
    /// It was the last attempt.
    case attempts
    /// A timeout or deadline, its own or one around it, would be over before the next attempt.
    case deadline
    /// The budget allows no more.
    case budget
  }

  /// Which attempt it was, from 1 on.
  public let number: Int
  /// What it has thrown.
  public let error: any Error
  /// How long all attempts have taken so far, with the delays between them.
  public let elapsed: Duration
  /// What follows.
  public let next: Next
}
