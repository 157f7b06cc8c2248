/// Goes through the value of a field whose grammar is more than one word.
struct HTTPFieldReader {
  private var rest: ArraySlice<UInt8>

  init(_ text: some StringProtocol) { rest = Array(text.utf8)[...] }

  var isAtEnd: Bool { rest.isEmpty }

  /// The next byte, which stays.
  var next: UInt8? { rest.first }

  mutating func skipBlanks() { rest = rest.drop(while: \.isBlank) }

  /// Skips one byte if it is the next.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// Takes bytes as long as they pass.
  mutating func take(while passes: (UInt8) -> Bool) -> String {
    let part = rest.prefix(while: passes)
    rest = rest[part.endIndex...]
    return String(decoding: part, as: UTF8.self)
  }

  /// Takes a token of RFC 9110 §5.6.2; empty if there is none.
  mutating func takeToken() -> String { take { ASCIISet.token.contains($0) } }

  /// Takes a quoted string of RFC 9110 §5.6.4, without its quotes; nil if there is none or its end is missing.
  mutating func takeQuoted() -> String? {
    guard rest.first == UInt8(ascii: "\"") else { return nil }
    var bytes: [UInt8] = []
    var index = rest.startIndex + 1
    while index < rest.endIndex {
      switch rest[index] {
      case UInt8(ascii: "\""):
        rest = rest[(index + 1)...]
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\") where index + 1 < rest.endIndex:
        index += 1
        bytes.append(rest[index])
      case let byte: bytes.append(byte)
      }
      index += 1
    }
    return nil
  }
}

extension StringProtocol {
  /// The text without spaces and tabs around it.
  var trimmed: String {
    let bytes = Array(utf8)
    let start = bytes.firstIndex { !$0.isBlank } ?? bytes.endIndex
    let end = bytes.lastIndex { !$0.isBlank }.map { $0 + 1 } ?? start
    return String(decoding: bytes[start..<Swift.max(start, end)], as: UTF8.self)
  }
}
