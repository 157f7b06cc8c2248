/// A URL or a relative reference, cut into its parts as RFC 3986 appendix B does.
///
/// Path and query are percent-encoded already; the fragment is gone.
struct HTTPURLReference: Hashable, Sendable {
  let source: String
  private(set) var scheme: [UInt8]?
  private(set) var authority: [UInt8]?
  private(set) var path: [UInt8]
  private(set) var query: [UInt8]?

  init(_ string: String) throws(HTTPURLError) {
    source = string
    var rest = Array(string.utf8)[...]
    path = []
    try refuseControls(rest)
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<hash] }
    if let length = Self.schemeLength(rest) {
      scheme = rest.prefix(length).map(\.lowercased)
      rest = rest.dropFirst(length + 1)
    }
    // As browsers do for these schemes: otherwise a filter and the client could see two servers in one text.
    let pathEnd = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
    for index in rest.startIndex..<pathEnd where rest[index] == UInt8(ascii: "\\") {
      rest[index] = UInt8(ascii: "/")
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      authority = Array(rest[..<end])
      rest = rest[end...]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      query = HTTPURLPath.encoding(rest[(mark + 1)...], allowing: .query)
      rest = rest[..<mark]
    }
    path = HTTPURLPath.encoding(rest, allowing: .path)
  }

  /// Makes the error that this reference is at fault for.
  func error(_ code: HTTPURLError.Code, _ message: String) -> HTTPURLError {
    HTTPURLError(code: code, url: Self.redacted(source), message: message)
  }

  private func refuseControls(_ bytes: ArraySlice<UInt8>) throws(HTTPURLError) {
    if let control = bytes.first(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw error(
        .invalidCharacter, "it holds the control character \(control); remove it, or percent-encode it.")
    }
    if bytes.first == .space || bytes.last == .space {
      throw error(.invalidCharacter, "it begins or ends with a space; remove it.")
    }
  }

  /// The length of the scheme that the bytes begin with, if a colon follows one.
  private static func schemeLength(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = bytes.first, isLetter(first) else { return nil }
    for (length, byte) in bytes.enumerated() {
      if byte == .colon { return length }
      let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
      guard isLetter(byte) || byte.isDigit || isSign else { return nil }
    }
    return nil
  }

  private static func isSlash(_ byte: UInt8) -> Bool { byte == 0x2F || byte == 0x5C }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// The text without what may be a password.
  ///
  /// That is everything between the slashes and the last `@` before the path.
  private static func redacted(_ source: String) -> String {
    let bytes = Array(source.utf8)
    guard let slash = bytes.indices.dropLast().first(where: { isSlash(bytes[$0]) && isSlash(bytes[$0 + 1]) })
    else { return source }
    let authority = bytes[(slash + 2)...].prefix { !"/\\?#".utf8.contains($0) }
    guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return source }
    return String(decoding: bytes[..<(slash + 2)] + Array("***".utf8) + bytes[at...], as: UTF8.self)
  }
}
