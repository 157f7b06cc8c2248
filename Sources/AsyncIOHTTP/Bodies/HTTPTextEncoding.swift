// Text of bodies. Encodings are named and treated as the WHATWG Encoding standard has it: what calls itself ASCII or Latin 1
// is Windows 1252, since that is what such pages are.

/// How the text of a body is encoded.
enum HTTPTextEncoding: Hashable, Sendable {
  case utf8
  case utf16(isBigEndian: Bool)
  case windows1252

  /// The encoding that a `charset` names, if it is one of those known here.
  init?(charset: String) {
    switch charset.lowercased() {
    case "utf-8", "utf8", "unicode-1-1-utf-8": self = .utf8
    case "utf-16", "utf-16le", "unicode": self = .utf16(isBigEndian: false)
    case "utf-16be": self = .utf16(isBigEndian: true)
    case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1", "us-ascii", "ascii", "windows-1252",
      "cp1252":
      self = .windows1252
    default: return nil
    }
  }

  /// The encoding of a body: what its byte order mark says, else what its `Content-Type` says, else UTF-8.
  static func encoding(of body: [UInt8], contentType: String?) -> (HTTPTextEncoding, markLength: Int) {
    if body.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
    if body.starts(with: [0xFE, 0xFF]) { return (.utf16(isBigEndian: true), 2) }
    if body.starts(with: [0xFF, 0xFE]) { return (.utf16(isBigEndian: false), 2) }
    let charset = contentType.flatMap { HTTPMediaType(parsing: $0)?.parameters["charset"] }
    return (charset.flatMap(HTTPTextEncoding.init(charset:)) ?? .utf8, 0)
  }

  /// Reads text, with replacement characters for what is none.
  func decode(_ bytes: ArraySlice<UInt8>) -> String {
    switch self {
    case .utf8: return String(decoding: bytes, as: UTF8.self)
    case .windows1252:
      var text = ""
      text.reserveCapacity(bytes.count)
      for byte in bytes { text.unicodeScalars.append(Self.windows1252Scalar(byte)) }
      return text
    case .utf16(let isBigEndian):
      var units: [UInt16] = []
      units.reserveCapacity(bytes.count / 2 + 1)
      var index = bytes.startIndex
      while index + 1 < bytes.endIndex {
        let first = UInt16(bytes[index])
        let second = UInt16(bytes[index + 1])
        units.append(isBigEndian ? first << 8 | second : second << 8 | first)
        index += 2
      }
      // A byte that is left over is half a character.
      if index < bytes.endIndex { units.append(0xFFFD) }
      return String(decoding: units, as: UTF16.self)
    }
  }

  /// The 32 characters that Windows 1252 has where Latin 1 has control characters.
  private static let windows1252Extra: [UInt16] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161,
    0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
  ]

  private static func windows1252Scalar(_ byte: UInt8) -> Unicode.Scalar {
    guard (0x80..<0xA0).contains(byte) else { return Unicode.Scalar(byte) }
    return Unicode.Scalar(windows1252Extra[Int(byte) - 0x80]) ?? "\u{FFFD}"
  }
}

/// A media type with its parameters, such as `text/html; charset=utf-8` (RFC 9110 §8.3.1).
struct HTTPMediaType: Hashable, Sendable {
  /// Type and subtype in small letters.
  let essence: String
  /// By names in small letters; the first of equal names.
  let parameters: [String: String]

  init?(parsing text: String) {
    var reader = HTTPFieldReader(text)
    let essence = reader.take { $0 != UInt8(ascii: ";") }.trimmed.lowercased()
    guard essence.contains("/") else { return nil }
    self.essence = essence
    var parameters: [String: String] = [:]
    while reader.skip(UInt8(ascii: ";")) {
      reader.skipBlanks()
      let name = reader.take { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }.trimmed.lowercased()
      guard reader.skip(UInt8(ascii: "=")) else { continue }
      let value = reader.takeQuoted() ?? reader.take { $0 != UInt8(ascii: ";") }.trimmed
      _ = reader.take { $0 != UInt8(ascii: ";") }
      if !name.isEmpty, parameters[name] == nil { parameters[name] = value }
    }
    self.parameters = parameters
  }
}
