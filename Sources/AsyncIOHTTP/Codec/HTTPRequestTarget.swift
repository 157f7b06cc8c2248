import HTTPTypes

/// The target of a request in one of the four forms of RFC 9112 §3.2, as places in the head.
enum HTTPRequestTarget: Hashable, Sendable {
  /// `/where?q=now`: nearly every request.
  case origin(Range<Int>)
  /// `http://www.example.org/pub/WWW/`: requests to a proxy; the path may be empty.
  case absolute(isSecure: Bool, authority: Range<Int>, path: Range<Int>)
  /// `www.example.com:80`: `CONNECT` only.
  case authority(Range<Int>)
  /// `*`: `OPTIONS` of the server as a whole.
  case asterisk

  /// Reads the target in `range`, whose characters are known to be fit for one.
  init(_ bytes: Span<UInt8>, in range: Range<Int>, method: HTTPRequest.Method) throws(HTTPCodecError) {
    let start = range.lowerBound
    if method == .connect {
      guard HTTPAuthority.isValid(bytes, in: range, port: .required) else {
        throw .invalidTarget("CONNECT takes a host and a port, such as example.org:443", at: start)
      }
      self = .authority(range)
    } else if bytes[start] == UInt8(ascii: "/") {
      self = .origin(range)
    } else if range.count == 1, bytes[start] == UInt8(ascii: "*") {
      guard method == .options else {
        throw .invalidTarget("only OPTIONS may be sent to the asterisk", at: start)
      }
      self = .asterisk
    } else {
      self = try Self.absolute(bytes, in: range)
    }
  }

  private static func absolute(
    _ bytes: Span<UInt8>, in range: Range<Int>
  ) throws(HTTPCodecError) -> HTTPRequestTarget {
    let start = range.lowerBound
    let isSecure: Bool
    if range.count > 7, bytes.matches("http://", in: start..<start + 7) {
      isSecure = false
    } else if range.count > 8, bytes.matches("https://", in: start..<start + 8) {
      isSecure = true
    } else {
      throw .invalidTarget("it must begin with a slash, http:// or https://", at: start)
    }
    let authorityStart = start + (isSecure ? 8 : 7)
    var authorityEnd = authorityStart
    while authorityEnd < range.upperBound, bytes[authorityEnd] != UInt8(ascii: "/"),
      bytes[authorityEnd] != UInt8(ascii: "?")
    { authorityEnd += 1 }
    let authority = authorityStart..<authorityEnd
    guard !authority.isEmpty, HTTPAuthority.isValid(bytes, in: authority, port: .optional) else {
      throw .invalidHost(at: authorityStart)
    }
    return .absolute(isSecure: isSecure, authority: authority, path: authorityEnd..<range.upperBound)
  }
}
