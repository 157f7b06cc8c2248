/// Reads field lines into places, checks them, and gathers what they say about framing.
///
/// Heads and trailer sections are made of the same lines, so both use this. It keeps places in the bytes,
/// not text: text is made only for who asks (``HTTPFieldBlock``).
struct HTTPFieldSection: Sendable {
  /// One field line: where its name and its value stand.
  struct Line: Hashable, Sendable {
    let nameStart: UInt32
    let nameEnd: UInt32
    let valueStart: UInt32
    let valueEnd: UInt32

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
  }

  private(set) var lines: [Line] = []
  private(set) var facts = HTTPMessageFacts()
  /// The place of the first `Host` in `lines`.
  private(set) var hostLine: Int?

  /// Reads the field line that stands in `range`, without its line end.
  @inline(__always)
  mutating func add(
    _ range: Range<Int>, of bytes: Span<UInt8>, limit: Int
  ) throws(HTTPCodecError) {
    guard lines.count < limit else { throw .tooManyFields(limit, at: range.lowerBound) }
    let nameEnd = bytes.end(of: .token, in: range)
    guard nameEnd < range.upperBound, nameEnd > range.lowerBound, bytes[nameEnd] == .colon else {
      throw Self.nameError(bytes, in: range, at: nameEnd)
    }
    let value = bytes.trimmingBlanks(nameEnd &+ 1..<range.upperBound)
    try Self.checkValue(bytes, in: value)
    let field = FramingField(bytes, in: range.lowerBound..<nameEnd)
    if field != .other {
      if field == .host, hostLine == nil { hostLine = lines.count }
      facts.add(field, value: bytes, in: value)
    }
    // Large enough for an ordinary head at once: growing would copy it three times.
    if lines.isEmpty { lines.reserveCapacity(16) }
    lines.append(
      Line(
        nameStart: UInt32(truncatingIfNeeded: range.lowerBound),
        nameEnd: UInt32(truncatingIfNeeded: nameEnd),
        valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
        valueEnd: UInt32(truncatingIfNeeded: value.upperBound)))
  }

  /// Refuses control characters; tabs and bytes beyond ASCII may stand within a value.
  @inline(__always)
  static func checkValue(_ bytes: Span<UInt8>, in range: Range<Int>) throws(HTTPCodecError) {
    var index = bytes.endOfPlainText(in: range)
    while index < range.upperBound {
      let byte = bytes[index]
      if byte.isForbiddenControl { throw .forbidden(byte, at: index) }
      index = bytes.endOfPlainText(in: index &+ 1..<range.upperBound)
    }
  }

  /// Says why the name that begins `range` and holds tokens up to `end` is none.
  @inline(never)
  private static func nameError(_ bytes: Span<UInt8>, in range: Range<Int>, at end: Int) -> HTTPCodecError {
    if bytes[range.lowerBound].isBlank {
      return HTTPCodecError(
        code: .obsoleteLineFolding,
        message: "A field line begins with white space; the peer must send each field on one line.",
        offset: range.lowerBound)
    }
    guard end < range.upperBound, let colon = bytes.firstIndex(of: .colon, in: end..<range.upperBound) else {
      return HTTPCodecError(
        code: .missingColon,
        message: "A field line has no colon; the peer must send a name, a colon and a value.",
        offset: range.lowerBound)
    }
    if end > range.lowerBound, bytes.trimmingBlanks(end..<colon).isEmpty {
      return HTTPCodecError(
        code: .whitespaceBeforeColon,
        message:
          "White space stands before a field's colon; the peer must send the colon right after the name.",
        offset: end)
    }
    if bytes[end] == .carriageReturn { return .bareCarriageReturn(at: end) }
    let problem =
      end == colon ? "A field has an empty name" : "A field name holds the byte \(bytes[end])"
    return HTTPCodecError(
      code: .invalidFieldName,
      message: problem + "; a name is made of letters, digits and a few signs such as the hyphen.",
      offset: end)
  }
}
