/// The members of an object in JSON on one line, as `JSONText.object` writes it: no objects within objects.
struct JSONLine {
  private var members: [String: JSONText] = [:]

  /// Reads a line; nil if it is no such object.
  init?(_ line: some Sequence<UInt8>) {
    var reader = JSONLineReader(Array(line))
    guard reader.skip("{") else { return nil }
    if reader.skip("}") { return }
    repeat {
      guard let key = reader.string(), reader.skip(":"), let value = reader.value() else { return nil }
      members[key] = value
    } while reader.skip(",")
    guard reader.skip("}"), reader.isAtEnd else { return nil }
  }

  /// The text under `key`, if there is one.
  func string(_ key: String) -> String? {
    if case .string(let text)? = members[key] { text } else { nil }
  }

  /// The whole number under `key`, if there is one.
  func integer(_ key: String) -> Int? {
    if case .integer(let value)? = members[key] { value } else { nil }
  }

  /// The whole numbers under `key`; none if there is no such list.
  func integers(_ key: String) -> [Int] {
    if case .integers(let values)? = members[key] { values } else { [] }
  }

  /// The number under `key`, whole or not, if there is one.
  func number(_ key: String) -> Double? {
    switch members[key] {
    case .integer(let value)?: Double(value)
    case .decimal(let value, _)?: value
    default: nil
    }
  }
}

/// Reads the parts of a line from left to right.
private struct JSONLineReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skip(_ sign: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: sign) else { return false }
    position += 1
    return true
  }

  mutating func value() -> JSONText? {
    switch next {
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "["): return list().map { .integers($0) }
    case UInt8(ascii: "n"):
      guard bytes[position...].starts(with: "null".utf8) else { return nil }
      position += 4
      return .null
    default: return number()
    }
  }

  private mutating func list() -> [Int]? {
    var values: [Int] = []
    guard skip("[") else { return nil }
    if skip("]") { return values }
    repeat {
      guard case .integer(let value)? = number() else { return nil }
      values.append(value)
    } while skip(",")
    return skip("]") ? values : nil
  }

  private mutating func number() -> JSONText? {
    let start = position
    while let byte = next, "-+.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let value = Int(text) { return .integer(value) }
    return Double(text).map { .decimal($0, places: 3) }
  }

  mutating func string() -> String? {
    guard skip("\"") else { return nil }
    let start = position
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
    var text = bytes[start..<position]
    while !skip("\"") {
      guard let byte = next else { return nil }
      position += 1
      if byte != UInt8(ascii: "\\") {
        text.append(byte)
      } else {
        guard let scalar = escaped() else { return nil }
        text.append(contentsOf: Array(String(Character(scalar)).utf8))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// What a backslash begins; characters beyond 16 bits are never written so.
  private mutating func escaped() -> Unicode.Scalar? {
    guard let byte = next else { return nil }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      guard position + 4 <= bytes.count else { return nil }
      defer { position += 4 }
      let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    default: return Unicode.Scalar(byte)
    }
  }
}
