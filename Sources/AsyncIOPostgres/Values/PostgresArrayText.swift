// Arrays in the server's notation: `{1,NULL,"a \"b\""}`.

enum PostgresArrayText {
  // `areArrays` says that the texts of the elements are arrays already. They do not tell themselves: `{}` may be what somebody has written.
  static func write(_ elements: [PostgresParameter], areArrays: Bool = false) -> String {
    var text = "{"
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      switch element {
      case .null: text += "NULL"
      case .text(let value): if areArrays { text += value } else { write(value, to: &text) }
      case .bytes(let bytes): write(PostgresHex.write(bytes), to: &text)
      }
    }
    return text + "}"
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    if value.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      for scalar in value.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { text += "\\" }
        text.unicodeScalars.append(scalar)
      }
    } else {
      text += value
    }
    text += "\""
  }

  /// The elements of an array of one dimension, nil for those that are null; nil if the text is no such array.
  static func read(_ text: String) -> [String?]? {
    var rest = Substring(text).utf8
    // Bounds that do not begin with 1 stand before it: `[0:1]={…}`.
    if rest.first == UInt8(ascii: "["), let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
      rest = rest[rest.index(after: equals)...]
    }
    guard rest.popFirst() == UInt8(ascii: "{"), rest.popLast() == UInt8(ascii: "}") else { return nil }
    var elements: [String?] = []
    if rest.isEmpty { return elements }
    while true {
      guard let element = readElement(&rest) else { return nil }
      elements.append(element)
      guard let separator = rest.popFirst() else { return elements }
      guard separator == UInt8(ascii: ",") else { return nil }
    }
  }

  /// One element; the outer nil for what is none.
  private static func readElement(_ rest: inout Substring.UTF8View) -> String?? {
    if rest.first == UInt8(ascii: "{") { return nil }
    guard rest.first == UInt8(ascii: "\"") else {
      let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
      let word = String(Substring(rest[..<end]))
      rest = rest[end...]
      return word == "NULL" ? .some(nil) : .some(word)
    }
    rest.removeFirst()
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\"") { return .some(String(decoding: bytes, as: UTF8.self)) }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = rest.popFirst() else { return nil }
        bytes.append(escaped)
      } else {
        bytes.append(byte)
      }
    }
    return nil
  }
}

/// Bytes in the server's notation: `\x0aff`.
enum PostgresHex {
  static func write(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = Array("\\x".utf8)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  static func read(_ text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.starts(with: "\\x".utf8), characters.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count / 2 - 1)
    for index in stride(from: 2, to: characters.count, by: 2) {
      guard let high = value(characters[index]), let low = value(characters[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
