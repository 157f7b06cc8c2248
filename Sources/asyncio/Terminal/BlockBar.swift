/// Bars drawn with block characters, an eighth of a column fine.
enum BlockBar {
  /// Left blocks of one to eight eighths.
  private static let left: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]

  /// A bar that grows from the left.
  /// - Parameters:
  ///   - fraction: How much of it is full; what is outside of 0…1 counts as the nearer end.
  ///   - cells: Columns that the bar takes, exactly.
  /// - Returns: The bar, filled with spaces up to `cells`.
  static func filled(_ fraction: Double, cells: Int) -> String {
    guard cells > 0 else { return "" }
    let eighths = Int((min(max(fraction, 0), 1) * Double(cells * 8)).rounded())
    guard eighths > 0 else { return String(repeating: " ", count: cells) }
    return draw(0..<eighths, cells: cells)
  }

  /// A bar that stands anywhere on the line, never so short that it disappears.
  ///
  /// There are left blocks of every eighth but only two right blocks, so the beginning is less fine than the
  /// end.
  /// - Parameters:
  ///   - start: Where it begins, as a fraction of the line.
  ///   - end: Where it ends.
  ///   - cells: Columns of the whole line.
  /// - Returns: The line, filled with spaces up to `cells`.
  static func span(from start: Double, to end: Double, cells: Int) -> String {
    guard cells > 0 else { return "" }
    let scale = Double(cells * 8)
    let first = min(max(Int((start * scale).rounded()), 0), cells * 8 - 1)
    let last = min(max(Int((end * scale).rounded()), first + 1), cells * 8)
    return draw(first..<last, cells: cells)
  }

  private static func draw(_ eighths: Range<Int>, cells: Int) -> String {
    var line = ""
    for cell in 0..<cells {
      let covered = eighths.clamped(to: cell * 8..<cell * 8 + 8)
      line.append(
        covered.isEmpty ? " " : glyph(for: covered.lowerBound - cell * 8..<covered.upperBound - cell * 8))
    }
    return line
  }

  /// The character nearest to a part of one cell.
  private static func glyph(for part: Range<Int>) -> Character {
    guard part.lowerBound > 0 else { return left[part.upperBound - 1] }
    if part.upperBound < 8, part.lowerBound + part.upperBound <= 8 { return left[part.upperBound - 1] }
    switch 8 - part.lowerBound {
    case 6...: return "█"
    case 3...5: return "▐"
    default: return "▕"
    }
  }
}
