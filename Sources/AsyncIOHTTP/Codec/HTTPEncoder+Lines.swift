import HTTPTypes

// Start lines and field lines.

extension HTTPEncoder {
  static func appendRequestLine(
    of request: HTTPRequest, _ form: TargetForm, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    let method = request.method
    bytes.append(contentsOf: method.rawValue.utf8)
    bytes.append(.space)
    let start = bytes.count
    if method == .connect {
      try append(authorityOf: request, withDefaultPort: true, to: &bytes)
    } else {
      if form == .absolute, request.path != "*" || method != .options {
        bytes.append(request.scheme == "https" ? "https://" : "http://")
        try append(authorityOf: request, withDefaultPort: false, to: &bytes)
      }
      guard bytes.append(request.path ?? "/", checking: { ASCIISet.target.contains($0) }) == nil else {
        throw .invalidTarget("a space, control character or the like must be percent-encoded", at: nil)
      }
    }
    try checkTarget(bytes, from: start, method: method, path: request.path)
    bytes.append(" HTTP/1.1\r\n")
  }

  /// Refuses a target that the parser would not read as it was meant.
  private static func checkTarget(
    _ bytes: [UInt8], from start: Int, method: HTTPRequest.Method, path: String?
  ) throws(HTTPCodecError) {
    if method != .connect, let path, path != "*" || method != .options, path.utf8.first != UInt8(ascii: "/") {
      throw .invalidTarget("the path must begin with a slash", at: nil)
    }
    if bytes.count == start { throw .invalidTarget("it is empty", at: nil) }
    _ = try HTTPRequestTarget(bytes.span, in: start..<bytes.count, method: method)
  }

  static func appendStatusLine(
    of status: HTTPResponse.Status, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    guard status.code >= 100 else {
      throw HTTPCodecError(
        code: .invalidStatusCode,
        message: "The status code \(status.code) is below 100; choose one of RFC 9110.")
    }
    if status == .ok, status.reasonPhrase == "OK" {
      bytes.append("HTTP/1.1 200 OK\r\n")
      return
    }
    bytes.append("HTTP/1.1 ")
    bytes.append(status.code)
    bytes.append(.space)
    for scalar in status.reasonPhrase.unicodeScalars {
      // ISO Latin 1, as the type documents it; anything beyond has no byte there.
      guard let byte = UInt8(exactly: scalar.value), !byte.isForbiddenControl else {
        throw HTTPCodecError(
          code: .invalidReasonPhrase,
          message: "The reason phrase has a character that cannot be sent; use ASCII or none at all.")
      }
      bytes.append(byte)
    }
    bytes.append(lineEnd)
  }

  /// Appends field lines, and gathers what they say about framing.
  static func append(
    _ fields: HTTPFields, to bytes: inout [UInt8], gathering facts: inout HTTPMessageFacts
  ) throws(HTTPCodecError) {
    for field in fields {
      let start = bytes.count
      bytes.append(contentsOf: field.name.rawName.utf8)
      let nameEnd = bytes.count
      bytes.append(": ")
      let valueStart = bytes.count
      // Sound: the buffer is used only within the closure, which copies it.
      unsafe field.withUnsafeBytesOfValue { unsafe bytes.append(contentsOf: $0) }
      let valueEnd = bytes.count
      bytes.append(lineEnd)
      let written = bytes.span
      guard nameEnd > start, written.end(of: .token, in: start..<nameEnd) == nameEnd else {
        throw HTTPCodecError(
          code: .invalidFieldName, message: "A field name is empty or not a token; it cannot be sent.")
      }
      try HTTPFieldSection.checkValue(written, in: valueStart..<valueEnd)
      let framing = FramingField(written, in: start..<nameEnd)
      if framing != .other {
        facts.add(framing, value: written, in: written.trimmingBlanks(valueStart..<valueEnd))
      }
    }
  }

  /// Appends the authority, and refuses what is no host with perhaps a port.
  static func append(
    authorityOf request: HTTPRequest, withDefaultPort: Bool, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    guard let authority = request.authority else { throw .missingHost() }
    let start = bytes.count
    bytes.append(contentsOf: authority.utf8)
    guard HTTPAuthority.isValid(bytes.span, in: start..<bytes.count, port: .optional) else {
      throw .invalidHost(at: nil)
    }
    if withDefaultPort { return }
    let defaultPort: StaticString = request.scheme == "https" ? ":443" : ":80"
    let suffix = defaultPort.utf8CodeUnitCount
    let end = bytes.count
    if request.scheme != nil, end - start > suffix, bytes.span.matches(defaultPort, in: end - suffix..<end) {
      bytes.removeLast(suffix)
    }
  }
}
