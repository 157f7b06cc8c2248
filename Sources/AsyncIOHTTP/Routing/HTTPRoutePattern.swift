/// The pattern of a route, taken apart.
struct HTTPRoutePattern: Sendable, CustomStringConvertible {
  /// What stands between two slashes.
  enum Segment: Hashable, Sendable {
    /// The text itself.
    case literal(String)
    /// `:name`: any text but none.
    case parameter(String)
    /// `*`: the same, and nobody asks for it.
    case wildcard
    /// `**`: all that follows, slashes included; the last segment.
    case rest
  }

  let segments: [Segment]
  let description: String

  /// Takes a pattern apart; what is none is misuse.
  init(_ pattern: String) {
    precondition(
      pattern.utf8.first == UInt8(ascii: "/"),
      "A route begins with a slash, such as /users/:id; '\(pattern)' does not.")
    description = pattern
    let parts = pattern.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    segments = parts.map { part in
      let text = String(decoding: part, as: UTF8.self)
      switch text {
      case "*": return .wildcard
      case "**": return .rest
      case _ where text.utf8.first == .colon: return .parameter(String(text.dropFirst()))
      default: return .literal(text)
      }
    }
    check()
  }

  private func check() {
    var names: Set<String> = []
    for (position, segment) in segments.enumerated() {
      switch segment {
      case .literal(let text):
        precondition(
          !text.utf8.contains { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "*") },
          "In a route, * and ** stand alone between slashes, and a query is no part of it; '\(description)' has '\(text)'."
        )
      case .parameter(let name):
        precondition(
          !name.isEmpty, "A parameter has a name, such as :id; in '\(description)' there is one without.")
        precondition(
          names.insert(name).inserted, "The route '\(description)' has the parameter :\(name) twice.")
      case .wildcard: break
      case .rest:
        precondition(
          position == segments.count - 1, "** stands at the end of a route; in '\(description)' it does not.")
      }
    }
  }

  /// The names of its parameters, in their order.
  var names: [String] {
    segments.compactMap { segment in if case .parameter(let name) = segment { name } else { nil } }
  }

  /// Whether a `**` ends it.
  var hasRest: Bool { segments.last == .rest }

  /// The same for all patterns that match the same paths.
  var shape: [Segment] {
    segments.map { segment in if case .parameter = segment { .wildcard } else { segment } }
  }
}
