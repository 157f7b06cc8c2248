/// The first line of a response: `HTTP/1.1 200 OK` (RFC 9112 §4).
struct HTTPStatusLine: Sendable {
  let version: HTTPVersion
  let code: Int
  let reason: Range<Int>

  init(_ bytes: Span<UInt8>, in range: Range<Int>) throws(HTTPCodecError) {
    let start = range.lowerBound
    guard range.count >= 12 else { throw Self.invalid(range.count < 8 ? start : start + 8) }
    version = try bytes.version(at: start)
    guard bytes[start + 8] == .space else { throw Self.invalid(start + 8) }
    code = try Self.code(bytes, at: start + 9)
    guard range.count > 12 else {
      // RFC 9112 demands a space here even with nothing after it; many servers leave it out, harmlessly.
      reason = range.upperBound..<range.upperBound
      return
    }
    guard bytes[start + 12] == .space else { throw Self.invalidCode(start + 12) }
    reason = start + 13..<range.upperBound
    try HTTPFieldSection.checkValue(bytes, in: reason)
  }

  private static func code(_ bytes: Span<UInt8>, at offset: Int) throws(HTTPCodecError) -> Int {
    var code = 0
    for index in offset..<offset + 3 {
      guard bytes[index].isDigit else { throw invalidCode(index) }
      code = code * 10 + Int(bytes[index] &- 0x30)
    }
    guard code >= 100 else { throw invalidCode(offset) }
    return code
  }

  @inline(never)
  private static func invalid(_ offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidStatusLine,
      message: "The first line is not a status line such as HTTP/1.1 200 OK; "
        + "the peer does not speak HTTP/1, or sent more body than it announced before.",
      offset: offset)
  }

  @inline(never)
  private static func invalidCode(_ offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidStatusCode,
      message: "The status code is not three digits from 100 on, between single spaces.", offset: offset)
  }
}
