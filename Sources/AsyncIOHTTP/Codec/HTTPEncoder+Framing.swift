import HTTPTypes

// The fields that a head must have and the caller need not write: Host, and where the body ends.

extension HTTPEncoder {
  /// Appends `Host` as the authority has it, and tells where it stands.
  ///
  /// It is the first of all fields, as RFC 9110 §7.2 advises.
  static func appendHost(
    of request: HTTPRequest, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) -> Range<Int> {
    let start = bytes.count
    guard request.authority != nil else { return start..<start }
    bytes.append("Host: ")
    try append(authorityOf: request, withDefaultPort: false, to: &bytes)
    bytes.append(lineEnd)
    return start..<bytes.count
  }

  /// Sees to it that there is exactly one `Host`: one among the caller's fields, which are rare, goes first.
  static func settleHost(
    _ own: Range<Int>, _ facts: HTTPMessageFacts, _ bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    if facts.hostCount > 1 { throw .duplicateHost(at: nil) }
    if facts.hostCount == 0, own.isEmpty { throw .missingHost() }
    if facts.hostCount == 1 { bytes.removeSubrange(own) }
  }

  static func appendFraming(
    of method: HTTPRequest.Method, _ framing: HTTPBodyFraming, _ facts: HTTPMessageFacts,
    to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    if method == .connect, framing != .none || declaresBody(facts) {
      throw conflict("CONNECT has no body")
    }
    switch framing {
    case .none:
      // RFC 9110 §8.6: where a body is usual, its absence is said.
      let isUsual = method == .post || method == .put || method == .patch
      try check(facts, isUsual ? .contentLength(0) : .none)
      if isUsual, facts.contentLength == .absent { bytes.append("Content-Length: 0\r\n") }
    case .untilClose: throw conflict("a request cannot end with its connection")
    case .chunked, .contentLength:
      try check(facts, framing)
      append(framing, facts, to: &bytes)
    }
  }

  static func appendFraming(
    of code: Int, answering method: HTTPRequest.Method, _ framing: HTTPBodyFraming,
    _ facts: HTTPMessageFacts, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    let announced = try announcement(of: framing, of: code, answering: method, facts)
    if let announced { append(announced, facts, to: &bytes) }
  }

  /// What a response says about where its body ends; nil for nothing beside its own fields.
  ///
  /// - Throws: `HTTPCodecError` for fields that say otherwise.
  @inline(__always)
  static func announcement(
    of framing: HTTPBodyFraming, of code: Int, answering method: HTTPRequest.Method, _ facts: HTTPMessageFacts
  ) throws(HTTPCodecError) -> HTTPBodyFraming? {
    let isTunnel = method == .connect && (200..<300).contains(code)
    if code < 200 || code == 204 || isTunnel {
      // RFC 9112 §6.1 and RFC 9110 §8.6 forbid both fields here.
      guard framing == .none || framing == .contentLength(0), !declaresBody(facts) else {
        throw conflict("a response of status \(code) has no body")
      }
      return nil
    } else if framing == .none, HTTPBodyFraming.isBodiless(code, answering: method) {
      // To HEAD or as 304 the fields may describe the body that is not sent, so the caller's own are right.
      guard facts.transferEncoding != .unsupported, facts.contentLength == .absent || facts.isOneLength,
        facts.transferEncoding == .absent || facts.contentLength == .absent
      else { throw conflict("the fields contradict each other") }
      return nil
    } else {
      let framing = framing == .none ? .contentLength(0) : framing
      try check(facts, framing)
      return framing
    }
  }

  private static func append(
    _ framing: HTTPBodyFraming, _ facts: HTTPMessageFacts, to bytes: inout [UInt8]
  ) {
    switch framing {
    case .chunked where facts.transferEncoding == .absent:
      bytes.append("Transfer-Encoding: chunked\r\n")
    case .contentLength(let length) where facts.contentLength == .absent:
      bytes.append("Content-Length: ")
      bytes.append(length)
      bytes.append(lineEnd)
    default: return
    }
  }

  /// Refuses fields of the caller's that say anything else than the framing.
  private static func check(_ facts: HTTPMessageFacts, _ framing: HTTPBodyFraming) throws(HTTPCodecError) {
    let isLengthRight: Bool
    if case .contentLength(let length) = framing {
      precondition(length >= 0, "A body of \(length) bytes cannot be; give a length of 0 or more.")
      isLengthRight = facts.contentLength == .absent || facts.contentLength == .length(length)
    } else {
      isLengthRight = facts.contentLength == .absent
    }
    let isCodingRight =
      facts.transferEncoding == .absent || (framing == .chunked && facts.transferEncoding == .chunked)
    guard isLengthRight, isCodingRight else {
      throw conflict("Content-Length or Transfer-Encoding among the fields says otherwise than the body")
    }
  }

  private static func declaresBody(_ facts: HTTPMessageFacts) -> Bool {
    facts.contentLength != .absent || facts.transferEncoding != .absent
  }

  private static func conflict(_ reason: String) -> HTTPCodecError {
    HTTPCodecError(
      code: .conflictingFraming,
      message: "The head is not sent: \(reason). Leave these fields to the framing.")
  }
}

extension HTTPMessageFacts {
  fileprivate var isOneLength: Bool {
    if case .length = contentLength { true } else { false }
  }
}
