/// Why a task was cancelled, to be read where the cancellation arrives.
///
/// ```swift
/// do { try await sleep(for: .seconds(60)) } catch is CancellationError {
///   print(Task.cancellationReason.map(String.init(describing:)) ?? "cancelled")
///   throw CancellationError()
/// }
/// ```
///
/// A cancellation of the language carries nothing; this is kept beside it (trio's `cancel(reason:)`, asyncio's
/// `cancel(msg=)`).
public enum CancellationReason: Sendable, CustomStringConvertible {
  /// Somebody called `cancel`, and may have said why.
  case requested(String?)
  /// The time of a timeout or deadline was over.
  case deadline
  /// Another task of the same scope failed.
  case failure(any Error)
  /// The process received a signal, such as SIGINT (2).
  case signal(CInt)
  /// The run of the event loop ended, and this task was left.
  case shutdown

  /// A few words, such as `the deadline has passed`.
  public var description: String {
    switch self {
    case .requested(let message?): "cancelled: \(message)"
    case .requested(nil): "cancelled"
    case .deadline: "the deadline has passed"
    case .failure(let error): "another task failed: \(error)"
    case .signal(let number): "the process received signal \(number)"
    case .shutdown: "the event loop shuts down"
    }
  }
}

extension Task where Success == Never, Failure == Never {
  /// Why the current task was cancelled; nil if it was not, or if nobody said.
  ///
  /// The nearest reason is given: that of the innermost scope or task that was cancelled, up to a shield.
  public static var cancellationReason: CancellationReason? {
    isCancelled ? TaskContext.nearestReason : nil
  }
}
