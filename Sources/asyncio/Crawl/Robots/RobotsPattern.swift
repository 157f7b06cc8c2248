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
    var bytes = Self.normalized(Array(text.utf8)[...], escaping: false)
    length = bytes.count
    isAnchored = bytes.last == UInt8(ascii: "$")
    if isAnchored { bytes.removeLast() }
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
    normalized(Array(path.utf8)[...], escaping: true)
  }

  /// Brings escapes into their one form: those of unreserved characters are undone, the digits of others are capitals, and what
  /// is not ASCII is escaped. In a path `*` and `$` stand for themselves, hence they are escaped there (RFC 9309 §2.2.3).
  private static func normalized(_ bytes: ArraySlice<UInt8>, escaping: Bool) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "%"), let value = PercentEscape.value(in: bytes[index...]) {
        index += 2
        if PercentEscape.isUnreserved(value) {
          result.append(value)
        } else {
          PercentEscape.append(value, to: &result)
        }
      } else if byte >= 0x80 || (escaping && (byte == UInt8(ascii: "*") || byte == UInt8(ascii: "$"))) {
        PercentEscape.append(byte, to: &result)
      } else {
        result.append(byte)
      }
    }
    return result
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
