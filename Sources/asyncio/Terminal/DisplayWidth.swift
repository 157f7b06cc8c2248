// How many columns text takes on a terminal.
//
// A terminal counts columns, not characters: a CJK ideograph and an emoji take two, a combining mark none.
// Swift's `Character` is the right unit (a flag or a family emoji is one picture), so the width is that of
// each grapheme cluster. Sequences of a terminal's own language ("ESC [ … m") take none.

extension Unicode.Scalar {
  /// Columns that the scalar takes by itself: 0, 1 or 2.
  var displayWidth: Int {
    switch value {
    case 0x20..<0x7F, 0xA0..<0x300: return 1
    case 0..<0x20, 0x7F..<0xA0: return 0
    // The vowels and final consonants of a Hangul syllable join the leading consonant.
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: return 0
    // Signs that are "format" characters but are seen, before numbers in Arabic, Syriac and Kaithi.
    case 0x600...0x605, 0x6DD, 0x70F, 0x890...0x891, 0x8E2, 0x110BD, 0x110CD: return 1
    // Half of a flag, alone.
    case 0x1F1E6...0x1F1FF: return 1
    default: break
    }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
    default: return isWide ? 2 : 1
    }
  }

  /// Whether the scalar takes two columns: East Asian Width "wide" or "fullwidth" (UAX #11), or an emoji.
  private var isWide: Bool {
    guard value >= 0x1100 else { return false }
    return properties.isEmojiPresentation || Self.wideRanges.contains { $0.contains(value) }
  }

  /// The blocks of UAX #11 whose characters are wide or fullwidth, emoji apart.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
    0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x2FFFD, 0x30000...0x3FFFD,
  ]
}

extension Character {
  /// Columns that the grapheme cluster takes.
  var displayWidth: Int {
    let scalars = unicodeScalars
    guard let first = scalars.first, scalars.count > 1 else { return scalars.first?.displayWidth ?? 0 }
    let isEmojiSequence =
      first.properties.isEmoji
      && scalars.dropFirst().contains { scalar in
        // Emoji presentation, joined emoji, skin tones, and the second half of a flag.
        scalar.value == 0xFE0F || scalar.value == 0x200D || scalar.properties.isEmojiModifier
          || (0x1F1E6...0x1F1FF).contains(scalar.value)
      }
    return isEmojiSequence ? 2 : scalars.reduce(0) { $0 + $1.displayWidth }
  }
}

/// The pieces of a line in order: each character with its width, each escape sequence with none.
struct DisplayPieces: Sequence, IteratorProtocol {
  /// A character, or an escape sequence as a whole.
  struct Piece {
    /// The characters of the piece.
    var text: Substring
    /// Columns that it takes.
    var width: Int
    /// Whether it is an instruction to the terminal rather than text.
    var isEscape: Bool
  }

  /// What is still to be given out.
  private var rest: Substring

  /// Takes `text` apart.
  init(_ text: some StringProtocol) {
    rest = Substring(text)
  }

  /// The next piece, or `nil` at the end of the text.
  mutating func next() -> Piece? {
    guard let first = rest.first else { return nil }
    let afterFirst = rest.index(after: rest.startIndex)
    if first == "\u{1B}", afterFirst < rest.endIndex, rest[afterFirst] == "[" {
      // A control sequence ends with a byte in @…~ (ECMA-48).
      let parameters = rest.index(after: afterFirst)
      let final = rest[parameters...].firstIndex { $0.asciiValue.map { (0x40...0x7E).contains($0) } ?? true }
      let end = final.map { rest.index(after: $0) } ?? rest.endIndex
      return take(upTo: end, width: 0, isEscape: true)
    }
    return take(upTo: afterFirst, width: first.displayWidth, isEscape: false)
  }

  private mutating func take(upTo end: Substring.Index, width: Int, isEscape: Bool) -> Piece {
    defer { rest = rest[end...] }
    return Piece(text: rest[..<end], width: width, isEscape: isEscape)
  }
}

extension StringProtocol {
  /// Columns that the text takes on one line of a terminal.
  var displayWidth: Int {
    DisplayPieces(self).reduce(0) { $0 + $1.width }
  }
}
