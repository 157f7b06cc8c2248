package import HTTPTypes

/// The head of a request that was read.
package struct HTTPRequestHead: Sendable {
  package internal(set) var version: HTTPVersion
  package let method: HTTPRequest.Method
  /// `http` or `https` where the target names it, as in a request to a proxy.
  package let scheme: String?
  /// The host and perhaps the port: from the target if it names them, otherwise from `Host`.
  package let authority: String?
  /// The path with the query, `*`, or `nil` for `CONNECT`.
  package let path: String?
  package let fields: HTTPFieldBlock
  /// What the fields say about framing and the connection.
  package let facts: HTTPMessageFacts
  private let hostLine: Int?

  init(
    _ line: HTTPRequestLine, _ section: HTTPFieldSection, of bytes: Span<UInt8>, consumed: Int
  ) throws(HTTPCodecError) {
    let host = try Self.host(line.version, section, of: bytes)
    version = line.version
    method = line.method
    facts = section.facts
    hostLine = section.hostLine
    fields = HTTPFieldBlock(bytes: bytes.copy(0..<consumed), lines: section.lines)
    switch line.target {
    case .origin(let range):
      (scheme, authority, path) = (nil, host.map { bytes.text($0) }, bytes.text(range))
    case .asterisk:
      (scheme, authority, path) = (nil, host.map { bytes.text($0) }, "*")
    case .authority(let range):
      (scheme, authority, path) = (nil, bytes.text(range), nil)
    case .absolute(let isSecure, let range, let rest):
      // RFC 9112 §3.2.2: the target counts, whatever Host says.
      scheme = isSecure ? "https" : "http"
      authority = bytes.text(range)
      path = Self.path(bytes, in: rest, method: line.method)
    }
  }

  /// The request as everybody's currency type, with all its fields made.
  ///
  /// `Host` is its authority and no field, as the type has it.
  package var request: HTTPRequest {
    HTTPRequest(
      method: method, scheme: scheme, authority: authority, path: path,
      headerFields: fields.makeFields(skipping: hostLine))
  }

  /// The path of a target in absolute form, which may leave out the slash (RFC 9112 §3.2.1, §3.2.4).
  private static func path(_ bytes: Span<UInt8>, in range: Range<Int>, method: HTTPRequest.Method) -> String {
    if range.isEmpty { return method == .options ? "*" : "/" }
    if bytes[range.lowerBound] == UInt8(ascii: "/") { return bytes.text(range) }
    return "/" + bytes.text(range)
  }

  /// Where the value of `Host` stands, or `nil` if there is none or it is empty (RFC 9112 §3.2).
  private static func host(
    _ version: HTTPVersion, _ section: HTTPFieldSection, of bytes: Span<UInt8>
  ) throws(HTTPCodecError) -> Range<Int>? {
    guard let hostLine = section.hostLine else {
      if version == .http11 { throw .missingHost() }
      return nil
    }
    let value = section.lines[hostLine].value
    guard section.facts.hostCount == 1 else { throw .duplicateHost(at: value.lowerBound) }
    guard !value.isEmpty else { return nil }
    guard HTTPAuthority.isValid(bytes, in: value, port: .optional) else {
      throw .invalidHost(at: value.lowerBound)
    }
    return value
  }
}
