/// Which part of a text gives way when it is too wide.
enum TruncationPoint {
  /// The end is cut off.
  case end
  /// Beginning and end are kept: right for URLs, which differ at their ends.
  case middle
}

/// The side to which a text is pushed in a column.
enum TextAlignment {
  /// To the left.
  case leading
  /// To the right, as numbers are.
  case trailing
}

extension String {
  /// The text in at most `width` columns, with `…` where something was left out.
  ///
  /// Escape sequences take no columns; a text whose end is cut is followed by a reset when it has any.
  /// - Parameters:
  ///   - width: The columns there are; none gives the empty text.
  ///   - point: Which part gives way.
  /// - Returns: The text itself where it fits.
  func truncated(toWidth width: Int, at point: TruncationPoint = .end) -> String {
    guard displayWidth > width else { return self }
    guard width > 0 else { return "" }
    switch point {
    case .end:
      let head = prefix(ofWidth: width - 1) + "…"
      return contains("\u{1B}") ? head + "\u{1B}[0m" : head
    case .middle:
      let tailWidth = (width - 1) / 2
      return prefix(ofWidth: width - 1 - tailWidth) + "…" + suffix(ofWidth: tailWidth)
    }
  }

  /// The text filled with spaces up to `width` columns; a wider text stays as it is.
  func padded(toWidth width: Int, alignment: TextAlignment = .leading) -> String {
    let padding = String(repeating: " ", count: max(0, width - displayWidth))
    switch alignment {
    case .leading: return self + padding
    case .trailing: return padding + self
    }
  }

  /// The text on one line, safe to show: white space becomes a space, and what would steer a terminal or
  /// turn the direction of writing becomes `�`.
  var printable: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0x09...0x0D, 0x85, 0x2028, 0x2029: result.append(" ")
      case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF: result.append("\u{FFFD}")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private func prefix(ofWidth width: Int) -> String {
    var result = ""
    var used = 0
    for piece in DisplayPieces(self) {
      used += piece.width
      if used > width { break }
      result += piece.text
    }
    return result
  }

  private func suffix(ofWidth width: Int) -> String {
    var result: [Substring] = []
    var used = 0
    for piece in DisplayPieces(self).reversed() {
      used += piece.width
      if used > width { break }
      result.append(piece.text)
    }
    return result.reversed().joined()
  }
}
