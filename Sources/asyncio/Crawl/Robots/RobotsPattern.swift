/// A path with `*` for any text and `$` for the end, as in a rule of robots.txt (RFC 9309 §2.2.2 and §2.2.3).
struct RobotsPattern: Sendable, Hashable {
  /// The pieces between the stars, compared byte by byte.
  private let pieces: [[UInt8]]
  /// Whether a path must end where the pattern does.
  private let isAnchored: Bool
  /// How many bytes the pattern has: of two rules that match, the longer one holds.
  let length: Int
  /// The pattern as it was written.
  let text: String

  /// Reads a pattern.
  init(_ text: String) {
    self.text = text
    isAnchored = text.utf8.last == UInt8(ascii: "$")
    let bytes = Self.normalized(Array(text.utf8.dropLast(isAnchored ? 1 : 0)), escaping: "$")
    length = bytes.count + (isAnchored ? 1 : 0)
    pieces = bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// Whether the pattern matches from the beginning of `path`, which `normalized(path:)` has returned.
  ///
  /// - Complexity: O(*n*·*m*) at worst: each piece is taken where it is found first, so that nothing is tried twice.
  func matches(_ path: [UInt8]) -> Bool {
    var rest = path[...]
    for (index, piece) in pieces.enumerated() {
      if index == 0 {
        guard rest.starts(with: piece) else { return false }
        rest = rest.dropFirst(piece.count)
      } else if isAnchored, index == pieces.count - 1 {
        guard rest.count >= piece.count, rest.suffix(piece.count).elementsEqual(piece) else { return false }
        return true
      } else {
        guard let start = Self.firstPlace(of: piece, in: rest) else { return false }
        rest = rest[(start + piece.count)...]
      }
    }
    return !isAnchored || rest.isEmpty
  }

  /// The path, and the query if there is one, of a URL in the form in which patterns are compared with it.
  static func normalized(path: String) -> [UInt8] {
    normalized(Array(path.utf8), escaping: "*$")
  }

  /// Brings escapes into their one form.
  ///
  /// What is not ASCII is escaped, and so are `*` and `$` where they stand for themselves (RFC 9309 §2.2.3).
  private static func normalized(_ bytes: [UInt8], escaping signs: String) -> [UInt8] {
    PercentEscape.normalized(bytes) { $0 >= 0x80 || signs.utf8.contains($0) }
  }

  private static func firstPlace(of piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = piece.first else { return bytes.startIndex }
    var start = bytes.startIndex
    while bytes.endIndex - start >= piece.count {
      guard let place = bytes[start...].firstIndex(of: first) else { return nil }
      if bytes[place...].starts(with: piece) { return place }
      start = place + 1
    }
    return nil
  }
}
