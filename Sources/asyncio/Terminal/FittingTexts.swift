/// Texts beside each other on one line, of which those that matter least are left out where the line is too short.
struct FittingTexts: Sendable {
  private var texts: [(rank: Int, text: String)] = []

  /// No texts yet.
  init() {}

  /// Adds a text at the end of the line.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - rank: What has the highest one is left out first.
  mutating func append(_ text: String, rank: Int) { texts.append((rank, text)) }

  /// As many of the texts as fit into `width` columns, two spaces between them, and one in any case.
  func fitting(_ width: Int) -> [String] {
    var kept = texts
    while kept.count > 1, kept.map(\.text).joined(separator: "  ").displayWidth > width {
      guard let least = kept.indices.max(by: { kept[$0].rank < kept[$1].rank }) else { break }
      kept.remove(at: least)
    }
    return kept.map(\.text)
  }
}
