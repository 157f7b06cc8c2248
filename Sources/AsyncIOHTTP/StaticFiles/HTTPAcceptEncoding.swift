/// Which codings of a body a client understands (RFC 9110 §12.5.3).
struct HTTPAcceptEncoding {
  private var weights: [String: Double] = [:]

  init(_ values: [String]) {
    for item in values.flatMap({ $0.split(separator: ",") }) {
      let parts = item.split(separator: ";").map(\.trimmed)
      guard let coding = parts.first?.lowercased(), !coding.isEmpty else { continue }
      let weight = parts.dropFirst().first { $0.lowercased().hasPrefix("q=") }.map {
        Double($0.dropFirst(2)) ?? 0
      }
      weights[coding] = weight ?? 1
    }
  }

  /// Whether the client wants a coding, by name or with all others.
  func allows(_ coding: String) -> Bool { (weights[coding] ?? weights["*"] ?? 0) > 0 }
}
