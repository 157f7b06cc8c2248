/// A value in JSON (RFC 8259), on one line.
enum JSONText: Sendable, Equatable {
  /// No value.
  case null
  /// A whole number.
  case integer(Int)
  /// A number with a fixed count of decimals; `null` where JSON has no such number.
  case decimal(Double, places: Int)
  /// A text.
  case string(String)
  /// Several whole numbers.
  case integers([Int])

  /// A text, or no value.
  init(_ string: String?) {
    self = string.map { .string($0) } ?? .null
  }

  /// A whole number, or no value.
  init(_ integer: Int?) {
    self = integer.map { .integer($0) } ?? .null
  }

  /// The value as JSON.
  var text: String {
    switch self {
    case .null: return "null"
    case .integer(let value): return String(value)
    case .decimal(let value, let places):
      let digits = asyncio.decimal(value, places: places)
      return digits.hasSuffix("∞") ? "null" : digits
    case .string(let value): return Self.quote(value)
    case .integers(let values): return "[" + values.map(String.init).joined(separator: ",") + "]"
    }
  }

  /// An object whose members stand in the order given.
  static func object(_ members: [(key: String, value: JSONText)]) -> String {
    "{" + members.map { quote($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
  }

  /// Escapes what RFC 8259 says must be, and what a terminal or a script would take for an instruction or a
  /// line's end.
  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{2028}"..."\u{202E}", "\u{2066}"..."\u{2069}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
