/// Text with character references, such as `&amp;` (WHATWG HTML §13.2.5.72).
enum HTMLText {
  /// The references by name that stand in addresses; the other two thousand stay as they are.
  private static let named: [String: String] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "sol": "/", "colon": ":",
    "period": ".", "num": "#", "equals": "=", "quest": "?", "percnt": "%", "lowbar": "_", "commat": "@",
    "Tab": "\t", "NewLine": "\n", "shy": "\u{AD}", "copy": "©", "reg": "®",
  ]
  /// Those that need no semicolon, where neither `=` nor a letter or digit follows.
  private static let withoutSemicolon = ["amp", "lt", "gt", "quot"]
  private static let longestName = 8

  /// The text that bytes in UTF-8 stand for.
  static func decode(_ bytes: ArraySlice<UInt8>) -> String {
    guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
    var result = ""
    var rest = bytes
    while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
      result += String(decoding: rest[..<mark], as: UTF8.self)
      let (text, length) = reference(rest[(mark + 1)...])
      result += text
      rest = rest[(mark + 1 + length)...]
    }
    return result + String(decoding: rest, as: UTF8.self)
  }

  /// What stands behind an ampersand, and how many bytes of it there are.
  private static func reference(_ bytes: ArraySlice<UInt8>) -> (text: String, length: Int) {
    if bytes.first == UInt8(ascii: "#") { return number(bytes.dropFirst()) }
    let name = String(
      decoding: bytes.prefix(longestName).prefix { ($0 | 0x20) &- 0x61 < 26 }, as: UTF8.self)
    let next = bytes.dropFirst(name.utf8.count).first
    if next == UInt8(ascii: ";"), let text = named[name] { return (text, name.utf8.count + 1) }
    if let short = withoutSemicolon.first(where: { $0 == name }), let text = named[short],
      next != UInt8(ascii: "="), !(next.map { (0x30...0x39).contains($0) } ?? false)
    {
      return (text, short.utf8.count)
    }
    return ("&", 0)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> (text: String, length: Int) {
    let isHexadecimal = bytes.first.map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
    let text = String(decoding: bytes.dropFirst(isHexadecimal ? 1 : 0).prefix(9), as: UTF8.self)
    let digits = text.prefix { isHexadecimal ? $0.isHexDigit : ("0"..."9").contains($0) }
    guard let value = UInt32(digits, radix: isHexadecimal ? 16 : 10) else { return ("&", 0) }
    let length = 1 + (isHexadecimal ? 1 : 0) + digits.utf8.count
    let hasEnd =
      text.utf8.count > digits.utf8.count && Array(text.utf8)[digits.utf8.count] == UInt8(ascii: ";")
    let scalar = value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}"
    return (String(Character(scalar)), length + (hasEnd ? 1 : 0))
  }
}
