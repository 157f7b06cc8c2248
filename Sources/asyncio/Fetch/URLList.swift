/// URLs as they stand in a file, one on each line.
///
/// White space around them does not count; `#` at the beginning of a line, or after white space, starts a
/// comment (within a URL it starts a fragment). A URL that stands there twice is fetched twice.
struct URLList: Sendable, Equatable {
  /// The URLs in their order.
  var urls: [String]

  /// Reads a text.
  init(parsing text: String) {
    var text = Substring(text)
    // Some editors begin a file with a byte order mark.
    if text.unicodeScalars.first == "\u{FEFF}" { text = Substring(text.unicodeScalars.dropFirst()) }
    urls = text.split(whereSeparator: \.isNewline).compactMap(Self.url(on:))
  }

  private static func url(on line: Substring) -> String? {
    var end = line.startIndex
    var previousIsSpace = true
    for index in line.indices {
      let character = line[index]
      if character == "#", previousIsSpace { break }
      previousIsSpace = character.isWhitespace
      if !previousIsSpace { end = line.index(after: index) }
    }
    let url = line[..<end].drop(while: \.isWhitespace)
    return url.isEmpty ? nil : String(url)
  }
}
