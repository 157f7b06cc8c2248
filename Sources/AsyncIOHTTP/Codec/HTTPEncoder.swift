package import HTTPTypes

/// Writes messages in HTTP/1.1, appending to bytes that the caller sends.
///
/// What it writes, ``HTTPHeadParser`` reads; what would let a value pass for another line, field or message
/// is refused, and then nothing is appended. The fields that say where the body ends are its own business: it
/// adds them as the framing says, and refuses a head that says otherwise.
///
/// ```swift
/// var bytes: [UInt8] = []
/// let request = HTTPRequest(method: .get, scheme: "http", authority: "example.org", path: "/")
/// try HTTPEncoder.appendHead(of: request, framing: .none, to: &bytes)
/// // GET / HTTP/1.1, Host: example.org
/// ```
package enum HTTPEncoder {
  /// The form of a request's target (RFC 9112 §3.2).
  package enum TargetForm: Hashable, Sendable {
    /// The path alone, to the server itself.
    case origin
    /// The whole URL, to a proxy.
    case absolute
  }

  /// What to tell the peer about the connection, besides what the fields of the message say.
  package enum Connection: Hashable, Sendable {
    /// Nothing: the default of HTTP/1.1 is to keep it.
    case unspecified
    /// It is closed after this exchange.
    case close
    /// It is kept, for peers of HTTP/1.0, which do not expect it.
    case keepAlive
  }

  /// Appends the head of a request.
  ///
  /// `Host` is made of the authority, without the default port of the scheme, unless the fields have one.
  ///
  /// - Parameters:
  ///   - request: the request.
  ///   - framing: how its body is sent; `untilClose` is for responses only.
  ///   - target: the form of the target.
  ///   - connection: what to say about the connection.
  ///   - bytes: to what the head is appended.
  /// - Throws: `HTTPCodecError` for what must not be sent; then nothing is appended.
  package static func appendHead(
    of request: HTTPRequest, framing: HTTPBodyFraming, target: TargetForm = .origin,
    connection: Connection = .unspecified, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    let start = bytes.count
    do throws(HTTPCodecError) {
      try appendRequestLine(of: request, target, to: &bytes)
      var facts = HTTPMessageFacts()
      let host = try appendHost(of: request, to: &bytes)
      try append(request.headerFields, to: &bytes, gathering: &facts)
      try settleHost(host, facts, &bytes)
      try appendFraming(of: request.method, framing, facts, to: &bytes)
      append(connection, unless: facts, to: &bytes)
      bytes.append(lineEnd)
    } catch {
      bytes.removeSubrange(start...)
      throw error
    }
  }

  /// Appends the head of a response.
  ///
  /// - Parameters:
  ///   - response: the response.
  ///   - method: the method of the request that it answers; after `HEAD` the framing is announced all the
  ///     same.
  ///   - framing: how its body is sent.
  ///   - connection: what to say about the connection; `untilClose` says `close` by itself.
  ///   - bytes: to what the head is appended.
  /// - Throws: `HTTPCodecError` for what must not be sent; then nothing is appended.
  package static func appendHead(
    of response: HTTPResponse, answering method: HTTPRequest.Method, framing: HTTPBodyFraming,
    connection: Connection = .unspecified, to bytes: inout [UInt8]
  ) throws(HTTPCodecError) {
    _ = try appendHead(
      of: response.status, response.headerFields, answering: method, framing: framing, connection: connection,
      to: &bytes)
  }

  static func append(
    _ connection: Connection, unless facts: HTTPMessageFacts, to bytes: inout [UInt8]
  ) {
    switch connection {
    case .close where !facts.connection.contains(.close): bytes.append("Connection: close\r\n")
    case .keepAlive where facts.connection.isDisjoint(with: [.close, .keepAlive]):
      bytes.append("Connection: keep-alive\r\n")
    default: return
    }
  }

  static var lineEnd: StaticString { "\r\n" }
}

extension [UInt8] {
  /// Appends ASCII text that the program itself holds.
  @inline(__always)
  mutating func append(_ text: StaticString) {
    // Sound: a static string lives as long as the program.
    unsafe append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a number in the given base, 10 or 16, without making a string of it.
  mutating func append(_ number: Int, radix: Int = 10) {
    var divisor = 1
    while number / divisor >= radix { divisor *= radix }
    while divisor > 0 {
      let digit = UInt8(truncatingIfNeeded: number / divisor % radix)
      append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
      divisor /= radix
    }
  }

  /// Appends text of which every byte must pass a test, and returns the first byte that does not.
  @inline(__always)
  mutating func append(_ text: String, checking isValid: (UInt8) -> Bool) -> UInt8? {
    var text = text
    // Sound: the buffer is used only within the closure.
    return text.withUTF8 { buffer in
      let wrong = unsafe buffer.first { !isValid($0) }
      if wrong == nil { unsafe append(contentsOf: buffer) }
      return wrong
    }
  }
}
