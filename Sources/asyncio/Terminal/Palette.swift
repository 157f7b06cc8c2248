/// Colours and weights for text on a terminal, or none.
struct Palette: Sendable {
  /// A colour or a weight, by its number in the terminal's "select graphic rendition" sequence (ECMA-48).
  enum Style: Int, Sendable {
    /// Heavier.
    case bold = 1
    /// Fainter.
    case dim = 2
    /// For what failed.
    case red = 31
    /// For what went well.
    case green = 32
    /// For what deserves a look.
    case yellow = 33
    /// For what is compared.
    case blue = 34
    /// For what is compared, a second one.
    case cyan = 36
  }

  /// Whether anything is coloured at all.
  var isColored: Bool

  /// No escape sequences.
  static let plain = Palette(isColored: false)
  /// Colours and weights.
  static let colored = Palette(isColored: true)

  /// The text in a style, or the text itself where there are no colours.
  func callAsFunction(_ text: String, _ styles: Style...) -> String {
    guard isColored, !text.isEmpty else { return text }
    return "\u{1B}[\(styles.map { String($0.rawValue) }.joined(separator: ";"))m\(text)\u{1B}[0m"
  }
}
