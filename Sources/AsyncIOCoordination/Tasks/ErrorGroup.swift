/// Several errors of tasks that ran side by side (Python's `ExceptionGroup`).
///
/// One error is always thrown as itself; this is thrown only where there are at least two, so that none is lost.
///
/// ```swift
/// do { try await withTaskScope { scope in … } }
/// catch let group as ErrorGroup { for error in group.errors { print(error) } }
/// ```
public struct ErrorGroup: Error, Sendable, CustomStringConvertible {
  /// The errors, in the order in which they came; at least two, and none of them a group of the same making.
  public let errors: [any Error]

  /// Makes a group of errors that belong together.
  ///
  /// - Parameter errors: In the order in which they came. Groups among them are replaced by their errors.
  public init(_ errors: [any Error]) {
    self.errors = errors.flatMap { ($0 as? ErrorGroup)?.errors ?? [$0] }
  }

  /// The errors of one type, such as `group.errors(of: HTTPError.self)` (Python's `except*`).
  public func errors<Failure: Error>(of type: Failure.Type) -> [Failure] {
    errors.compactMap { $0 as? Failure }
  }

  /// How many, and each on a line of its own.
  public var description: String {
    (["\(errors.count) errors:"] + errors.map { "- \($0)" }).joined(separator: "\n")
  }

  /// What to throw for `errors`: nothing, the one error, or a group of them all.
  package static func combining(_ errors: [any Error]) -> (any Error)? {
    errors.count > 1 ? ErrorGroup(errors) : errors.first
  }
}
