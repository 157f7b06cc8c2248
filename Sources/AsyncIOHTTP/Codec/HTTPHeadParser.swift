/// Reads the head of a message, strictly as RFC 9112 has it, from bytes that the caller collects.
///
/// Give it all the bytes since the message began; while it answers `nil`, keep them, add what comes, and ask
/// again. It remembers how far it came, so slow drips stay linear. With the head it tells how many bytes
/// belonged to it, and stands ready for the next message. After an error it is of no more use, and neither is
/// the connection.
///
/// ```swift
/// var parser = HTTPHeadParser()
/// guard let (head, consumed) = try parser.parseResponse(buffer.span) else { continue }
/// buffer.removeFirst(consumed)
/// ```
///
/// Recipients may forgive some breaches of the grammar; this one forgives two that cannot change what a
/// message means: an empty line before a request (RFC 9112 §2.2) and a status line that ends with its code.
package struct HTTPHeadParser: Sendable {
  package let limits: HTTPLimits
  private var scanner = HTTPLineScanner()
  private var section = HTTPFieldSection()
  private var requestLine: HTTPRequestLine?
  private var statusLine: HTTPStatusLine?
  private var skippedEmptyLine = false

  package init(limits: HTTPLimits = HTTPLimits()) {
    precondition(
      limits.head <= Int(UInt32.max), "HTTPLimits.head is \(limits.head); it must fit into 32 bits.")
    self.limits = limits
  }

  /// Reads the head of a request.
  ///
  /// - Parameter bytes: everything since the request began.
  /// - Returns: the head and how many bytes it took, or `nil` if more bytes are needed.
  /// - Throws: `HTTPCodecError` for a head that breaks the grammar or a limit.
  package mutating func parseRequest(
    _ bytes: Span<UInt8>
  ) throws(HTTPCodecError) -> (head: HTTPRequestHead, consumed: Int)? {
    var consumed = 0
    return try parseRequest(bytes, consumed: &consumed).map { ($0, consumed) }
  }

  /// Reads the head of a request, and adds how many bytes it took to `consumed`.
  mutating func parseRequest(
    _ bytes: Span<UInt8>, consumed: inout Int
  ) throws(HTTPCodecError) -> HTTPRequestHead? {
    while requestLine == nil {
      guard let range = try nextStartLine(in: bytes) else { return nil }
      if range.isEmpty, !skippedEmptyLine {
        skippedEmptyLine = true
        continue
      }
      requestLine = try HTTPRequestLine(bytes, in: range)
    }
    guard try readFields(in: bytes), let line = requestLine else { return nil }
    let head = try HTTPRequestHead(line, section, of: bytes, consumed: scanner.lineStart)
    consumed += scanner.lineStart
    self = HTTPHeadParser(limits: limits)
    return head
  }

  /// Reads the head of a response.
  ///
  /// - Parameter bytes: everything since the response began.
  /// - Returns: the head and how many bytes it took, or `nil` if more bytes are needed.
  /// - Throws: `HTTPCodecError` for a head that breaks the grammar or a limit.
  package mutating func parseResponse(
    _ bytes: Span<UInt8>
  ) throws(HTTPCodecError) -> (head: HTTPResponseHead, consumed: Int)? {
    var consumed = 0
    return try parseResponse(bytes, consumed: &consumed).map { ($0, consumed) }
  }

  /// Reads the head of a response, and adds how many bytes it took to `consumed`.
  mutating func parseResponse(
    _ bytes: Span<UInt8>, consumed: inout Int
  ) throws(HTTPCodecError) -> HTTPResponseHead? {
    if statusLine == nil {
      guard let range = try nextStartLine(in: bytes) else { return nil }
      statusLine = try HTTPStatusLine(bytes, in: range)
    }
    guard try readFields(in: bytes), let line = statusLine else { return nil }
    let head = HTTPResponseHead(line, section, of: bytes, consumed: scanner.lineStart)
    consumed += scanner.lineStart
    self = HTTPHeadParser(limits: limits)
    return head
  }

  /// The error for a connection that ends before the head does.
  ///
  /// - Parameter count: how many bytes of the head came.
  /// - Returns: the error, for the caller to throw.
  package static func truncated(after count: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .truncatedHead,
      message: "The connection ended after \(count) bytes of a head; "
        + "a request may be repeated if it is safe to do twice.",
      offset: count)
  }

  @inline(__always)
  private mutating func nextStartLine(in bytes: Span<UInt8>) throws(HTTPCodecError) -> Range<Int>? {
    try scanner.nextLine(
      in: bytes,
      line: .init(count: limits.startLine, code: .startLineTooLong, what: "start line"),
      section: .init(count: limits.head, code: .headTooLong, what: "head"))
  }

  /// Reads the field lines that are there, and tells whether the empty line after them came.
  @inline(__always)
  private mutating func readFields(in bytes: Span<UInt8>) throws(HTTPCodecError) -> Bool {
    while true {
      let line = try scanner.nextLine(
        in: bytes,
        line: .init(count: limits.fieldLine, code: .fieldLineTooLong, what: "field line"),
        section: .init(count: limits.head, code: .headTooLong, what: "head"))
      guard let line else { return false }
      if line.isEmpty { return true }
      try section.add(line, of: bytes, limit: limits.fieldCount)
    }
  }
}
