/// How the code that used a resource has ended (cats-effect's `ExitCase`, the arguments of Python's `__aexit__`).
public enum ExitCase: Sendable {
  /// It returned.
  case succeeded
  /// It threw an error.
  case failed(any Error)
  /// It ended by its cancellation.
  case cancelled

  /// What an error means: a `CancellationError` is a cancellation, any other a failure.
  ///
  /// - Parameter error: What was thrown; nil if nothing was.
  public init(_ error: (any Error)?) {
    self =
      switch error {
      case nil: .succeeded
      case is CancellationError: .cancelled
      case let error?: .failed(error)
      }
  }
}

extension ErrorGroup {
  /// What to throw where something has ended with an error and then its cleanup failed too.
  ///
  /// No failure is lost, and none is hidden by another. A cancellation is no failure: a cleanup that fails wins over it, as the
  /// errors of a scope's tasks do.
  ///
  /// - Parameter errors: In the order in which they came.
  /// - Returns: Nothing, the one failure or cancellation, or a group of the failures.
  static func merging(_ errors: [any Error]) -> (any Error)? {
    let failures = errors.filter { !($0 is CancellationError) }
    return combining(failures) ?? errors.first
  }
}
