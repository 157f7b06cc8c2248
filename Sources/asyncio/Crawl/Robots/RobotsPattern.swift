// What is compared (RFC 9309 §2.2.2): of a rule and of a path, what is not ASCII and what is reserved means the same escaped or
// not, so it is escaped in both; what is unreserved is not. Four reserved characters are left as they are, since escaped they
// mean something else: `/` and `?`, which divide a path, `&` and `=`, which divide a query. Behind the `?` nothing is divided by
// `/`, so there it means the same escaped or not, too, whatever the rule has: the part of a rule that is compared with a query
// may be behind a star, and have no `?` itself.

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
    let bytes = Self.escaped(Array(text.utf8.dropLast(isAnchored ? 1 : 0)), with: "$")
    length = bytes.count + (isAnchored ? 1 : 0)
    pieces = Self.withSlashes(bytes[...], Self.escapedSlash)
      .split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// Whether the pattern matches from the beginning of `path`, which `normalized(path:)` has returned.
  ///
  /// - Complexity: O(*n*·*m*) at worst: each piece is taken where it is found first, so that nothing is tried twice.
  func matches(_ path: [UInt8]) -> Bool {
    var rest = path[...]
    for (index, piece) in pieces.enumerated() {
      if index == 0 {
        guard rest.starts(with: piece, by: Self.isSame) else { return false }
        rest = rest.dropFirst(piece.count)
      } else if isAnchored, index == pieces.count - 1 {
        return rest.count >= piece.count && rest.suffix(piece.count).elementsEqual(piece, by: Self.isSame)
      } else {
        guard let start = Self.firstPlace(of: piece, in: rest) else { return false }
        rest = rest[(start + piece.count)...]
      }
    }
    return !isAnchored || rest.isEmpty
  }

  /// The path, and the query if there is one, of a URL in the form in which patterns are compared with it.
  static func normalized(path: String) -> [UInt8] {
    let bytes = escaped(Array(path.utf8), with: "*$")
    let query = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    return withSlashes(bytes[..<query], escapedSlash)
      + withSlashes(bytes[query...], slashInQuery).map { $0 == UInt8(ascii: "/") ? slashInQuery : $0 }
  }

  // MARK: Bytes

  /// `%2F`; as all bytes below a space are escaped, two are free for slashes.
  private static let escapedSlash: UInt8 = 1
  /// `/` or `%2F` in a query.
  private static let slashInQuery: UInt8 = 2

  /// Whether a byte of a path is what a pattern has.
  private static func isSame(_ byte: UInt8, _ wanted: UInt8) -> Bool {
    byte == wanted || (byte == slashInQuery && (wanted == UInt8(ascii: "/") || wanted == escapedSlash))
  }

  /// Brings escapes into their one form.
  ///
  /// `*` and `$` are escaped where they stand for themselves (RFC 9309 §2.2.3), which `signs` says.
  private static func escaped(_ bytes: [UInt8], with signs: String) -> [UInt8] {
    let reserved = ":#[]@!'()+,;" + signs
    return PercentEscape.normalized(bytes) { $0 <= 0x20 || $0 >= 0x7F || reserved.utf8.contains($0) }
  }

  /// The bytes with another one in the place of each `%2F`.
  private static func withSlashes(_ bytes: ArraySlice<UInt8>, _ slash: UInt8) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.starts(with: "2F".utf8) {
        rest = rest.dropFirst(2)
        result.append(slash)
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
      guard let place = bytes[start...].firstIndex(where: { isSame($0, first) }) else { return nil }
      if bytes[place...].starts(with: piece, by: isSame) { return place }
      start = place + 1
    }
    return nil
  }
}
