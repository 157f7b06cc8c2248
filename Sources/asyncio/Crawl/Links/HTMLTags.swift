// Start tags of an HTML document, found as a browser's tokenizer finds them (WHATWG HTML §13.2.5), without building a tree:
// comments and what is between `<script>` and `</script>` and the like are passed over, attributes may be quoted in any way or
// not at all, and nothing is an error. The document is read once, byte by byte, as names and URLs begin and end with ASCII in
// every encoding that a page may come in here.

/// The start tags of an HTML document, one after another.
struct HTMLTags: Sequence, IteratorProtocol {
  /// A start tag.
  struct Tag {
    /// The element's name, in small letters.
    var name: String
    /// The attributes in their order; of equal names the first one counts.
    var attributes: [(name: String, value: String)]

    /// The value of an attribute, if the tag has it.
    subscript(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
  }

  private let bytes: [UInt8]
  private var position = 0

  /// Elements whose content is text, whatever it looks like.
  private static let textElements: Set<String> = [
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
  ]

  /// Takes a document.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next start tag, or nil at the end.
  mutating func next() -> Tag? {
    while let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
      position = start + 1
      guard let byte = peek else { return nil }
      switch byte {
      case UInt8(ascii: "!"): skipDeclaration()
      case UInt8(ascii: "?"): skip(past: UInt8(ascii: ">"))
      case UInt8(ascii: "/"):
        position += 1
        if peek.map(Self.isLetter) == true { _ = takeTag() } else { skip(past: UInt8(ascii: ">")) }
      case _ where Self.isLetter(byte):
        let tag = takeTag()
        if Self.textElements.contains(tag.name) { skipText(of: tag.name) }
        if tag.name == "plaintext" { position = bytes.endIndex }
        return tag
      default: break
      }
    }
    position = bytes.endIndex
    return nil
  }

  private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  // MARK: What is no tag

  private mutating func skipDeclaration() {
    guard bytes[position...].starts(with: "!--".utf8) else { return skip(past: UInt8(ascii: ">")) }
    position += 3
    // "<!-->" and "<!--->" are whole comments.
    var rest = bytes[position...]
    if rest.first == UInt8(ascii: ">") || rest.starts(with: "->".utf8) {
      return skip(past: UInt8(ascii: ">"))
    }
    while let dash = rest.firstIndex(of: UInt8(ascii: "-")) {
      rest = bytes[dash...]
      if rest.starts(with: "-->".utf8) || rest.starts(with: "--!>".utf8) {
        position = dash
        return skip(past: UInt8(ascii: ">"))
      }
      rest = rest.dropFirst()
    }
    position = bytes.endIndex
  }

  private mutating func skip(past sign: UInt8) {
    position = bytes[position...].firstIndex(of: sign).map { $0 + 1 } ?? bytes.endIndex
  }

  /// Goes to the end tag of an element whose content is text.
  private mutating func skipText(of name: String) {
    while let start = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
      position = start + 1
      let rest = bytes[position...]
      guard rest.first == UInt8(ascii: "/") else { continue }
      let candidate = rest.dropFirst().prefix(name.utf8.count)
      guard candidate.elementsEqual(name.utf8, by: { Self.lowercased($0) == $1 }) else { continue }
      let after = candidate.endIndex < bytes.endIndex ? bytes[candidate.endIndex] : UInt8(ascii: ">")
      if Self.isSpace(after) || after == UInt8(ascii: "/") || after == UInt8(ascii: ">") {
        position = start
        return
      }
    }
    position = bytes.endIndex
  }

  // MARK: A tag

  private mutating func takeTag() -> Tag {
    var tag = Tag(name: lowercasedText { !Self.endsName($0) }, attributes: [])
    while true {
      while let byte = peek, Self.isSpace(byte) || byte == UInt8(ascii: "/") { position += 1 }
      guard let byte = peek else { return tag }
      if byte == UInt8(ascii: ">") {
        position += 1
        return tag
      }
      tag.attributes.append(takeAttribute())
    }
  }

  private mutating func takeAttribute() -> (name: String, value: String) {
    // An equals sign at the beginning belongs to the name, which makes sure that there is one.
    let first = String(decoding: [Self.lowercased(bytes[position])], as: UTF8.self)
    position += 1
    let name = first + lowercasedText { !Self.endsName($0) && $0 != UInt8(ascii: "=") }
    skipSpace()
    guard peek == UInt8(ascii: "=") else { return (name, "") }
    position += 1
    skipSpace()
    guard let quote = peek else { return (name, "") }
    if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      let value = bytes[(position + 1)...].prefix { $0 != quote }
      position = Swift.min(value.endIndex + 1, bytes.endIndex)
      return (name, HTMLText.decode(value))
    }
    let value = bytes[position...].prefix { !Self.isSpace($0) && $0 != UInt8(ascii: ">") }
    position = value.endIndex
    return (name, HTMLText.decode(value))
  }

  private mutating func skipSpace() {
    while let byte = peek, Self.isSpace(byte) { position += 1 }
  }

  private mutating func lowercasedText(while isPart: (UInt8) -> Bool) -> String {
    let text = bytes[position...].prefix(while: isPart)
    position = text.endIndex
    return String(decoding: text.map(Self.lowercased), as: UTF8.self)
  }

  private static func endsName(_ byte: UInt8) -> Bool {
    isSpace(byte) || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ">")
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D || byte == 0x0C
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
