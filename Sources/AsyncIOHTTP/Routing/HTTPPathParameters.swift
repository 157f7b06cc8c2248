import HTTPTypes

/// What the parts of a path are that its route has left open.
///
/// ```swift
/// router.get("/users/:id/files/**") { request in
///   let id = try request.parameters.require("id", as: Int.self)
///   let file = request.parameters.rest         // "2026/report.pdf"
///   …
/// }
/// ```
public struct HTTPPathParameters: Sendable, Hashable {
  private let names: [String]
  private let values: [String]
  /// What `**` stands for, percent-decoded, without a slash in front; empty without one.
  public var rest: String { tail ?? "" }
  private let tail: String?

  init() { (names, values, tail) = ([], [], nil) }

  init(_ names: [String], _ values: [String], rest: String?) {
    self.names = names
    self.values = values
    tail = rest
  }

  /// Whether the route ends with `**`.
  var hasRest: Bool { tail != nil }

  /// The part of that name, percent-decoded; nil if the route has none.
  public subscript(name: String) -> String? {
    names.firstIndex(of: name).map { values[$0] }
  }

  /// The part of that name as a value of a type that text can be made into.
  ///
  /// - Parameters:
  ///   - name: The name, as in the route's pattern.
  ///   - type: What it is.
  /// - Returns: The value.
  /// - Throws: ``HTTPStatusError`` with 404 when the text is no such value: then there is nothing at that path.
  public func require<Value: LosslessStringConvertible>(
    _ name: String, as type: Value.Type = Value.self
  ) throws -> Value {
    guard let text = self[name] else {
      preconditionFailure("The route has no parameter '\(name)'; its pattern needs :\(name).")
    }
    guard let value = Value(text) else { throw HTTPStatusError(.notFound) }
    return value
  }
}
