import HTTPTypes

/// Which parts of a resource a request wants (RFC 9110 §14).
enum HTTPByteRanges: Equatable {
  /// All of it: no range, or one that is to be ignored.
  case whole
  /// These, none of them empty, in the order in which they were asked for.
  case parts([Range<Int>])
  /// 416: none of them is in it.
  case unsatisfiable

  /// More parts than this nobody needs who means well.
  static let maximumCount = 16

  /// Reads `Range`, of a `GET`, for a resource of so many bytes.
  init(_ request: HTTPServerRequest, size: Int) {
    guard request.method == .get, let field = request[.range] else {
      self = .whole
      return
    }
    self.init(field, size: size)
  }

  init(_ field: String, size: Int) {
    self = .whole
    guard let equals = field.firstIndex(of: "="), field[..<equals].trimmed.lowercased() == "bytes" else {
      return
    }
    let specs = field[field.index(after: equals)...].split(separator: ",").map(\.trimmed).filter {
      !$0.isEmpty
    }
    guard !specs.isEmpty, specs.count <= Self.maximumCount else { return }
    var parts: [Range<Int>] = []
    for spec in specs {
      // What is no range makes the whole field none.
      guard let part = Self.part(spec, size: size) else { return }
      if !part.isEmpty { parts.append(part) }
    }
    // Parts that are longer than the whole together overlap; sent, they would multiply it (§14.2 allows to ignore them).
    guard parts.reduce(0, { $0 + $1.count }) <= size else { return }
    self = parts.isEmpty ? .unsatisfiable : .parts(parts)
  }

  /// `first-last`, `first-` or `-count`; empty if nothing of it is there, nil if it is no range.
  private static func part(_ spec: String, size: Int) -> Range<Int>? {
    let halves = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2, let first = number(halves[0]), let last = number(halves[1]) else { return nil }
    switch (first, last) {
    case (nil, nil): return nil
    case (nil, .some(let count)): return max(0, size - count)..<size
    case (.some(let first), nil): return min(first, size)..<size
    case (.some(let first), .some(let last)):
      guard first <= last else { return nil }
      return first >= size ? size..<size : first..<min(size, last == .max ? size : last + 1)
    }
  }

  /// The number that a text is, nil within if it is empty; nil if it is none.
  ///
  /// Numbers that are too large are as large as can be.
  private static func number(_ text: Substring) -> Int?? {
    if text.isEmpty { return .some(nil) }
    guard text.utf8.allSatisfy(\.isDigit) else { return nil }
    return .some(Int(text) ?? .max)
  }
}
