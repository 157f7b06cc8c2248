import HTTPTypes

/// The first line of a request: `GET /index.html HTTP/1.1` (RFC 9112 §3).
struct HTTPRequestLine: Sendable {
  let method: HTTPRequest.Method
  let target: HTTPRequestTarget
  let version: HTTPVersion

  init(_ bytes: Span<UInt8>, in range: Range<Int>) throws(HTTPCodecError) {
    let methodEnd = bytes.end(of: .token, in: range)
    guard methodEnd < range.upperBound, methodEnd > range.lowerBound, bytes[methodEnd] == .space else {
      throw Self.invalidMethod(bytes, in: range, at: methodEnd)
    }
    let targetStart = methodEnd &+ 1
    let targetEnd = bytes.end(of: .target, in: targetStart..<range.upperBound)
    guard targetEnd < range.upperBound else { throw Self.invalid(targetEnd) }
    guard targetEnd > targetStart, bytes[targetEnd] == .space else {
      throw Self.targetError(bytes[targetEnd], at: targetEnd)
    }
    guard range.upperBound == targetEnd &+ 9 else { throw .invalidVersion(at: targetEnd + 1) }
    version = try bytes.version(at: targetEnd &+ 1)
    guard let method = Self.method(bytes, in: range.lowerBound..<methodEnd) else {
      throw Self.invalidMethod(bytes, in: range, at: methodEnd)
    }
    self.method = method
    target = try HTTPRequestTarget(bytes, in: targetStart..<targetEnd, method: method)
  }

  /// The method in `range`; the two that are nearly all are not made anew.
  private static func method(_ bytes: Span<UInt8>, in range: Range<Int>) -> HTTPRequest.Method? {
    let start = range.lowerBound
    if range.count == 3, bytes[start] == 0x47, bytes[start + 1] == 0x45, bytes[start + 2] == 0x54 {
      return .get
    }
    return HTTPRequest.Method(bytes.text(range))
  }

  @inline(never)
  private static func targetError(_ byte: UInt8, at offset: Int) -> HTTPCodecError {
    if byte == .carriageReturn { return .bareCarriageReturn(at: offset) }
    return .invalidTarget("it is empty or holds a character that must be percent-encoded", at: offset)
  }

  @inline(never)
  private static func invalid(_ offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidRequestLine,
      message: "The first line is not a request line such as GET / HTTP/1.1, with single spaces.",
      offset: offset)
  }

  @inline(never)
  private static func invalidMethod(
    _ bytes: Span<UInt8>, in range: Range<Int>, at end: Int
  ) -> HTTPCodecError {
    if end == range.upperBound { return invalid(end) }
    if bytes[end] == .carriageReturn { return .bareCarriageReturn(at: end) }
    return HTTPCodecError(
      code: .invalidMethod,
      message: "The method is empty or holds the byte \(bytes[end]); it must be a word such as GET.",
      offset: end)
  }
}
