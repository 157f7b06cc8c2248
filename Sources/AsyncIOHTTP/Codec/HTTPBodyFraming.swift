package import HTTPTypes

/// Where the body of a message ends.
package enum HTTPBodyFraming: Hashable, Sendable {
  /// There is no body: the message ends with its head.
  case none
  /// The body has this many bytes.
  case contentLength(Int)
  /// The body comes in chunks, the last of which is empty.
  case chunked
  /// The body ends with the connection; only responses may.
  case untilClose
}

extension HTTPBodyFraming {
  /// Decides the framing of a request that was read (RFC 9112 §6.3).
  ///
  /// Everything on which two recipients could disagree is refused rather than decided: whoever gets a request
  /// past one server and into another lives off such differences.
  ///
  /// - Parameter head: the head of the request.
  /// - Throws: `HTTPCodecError` for framing that is ambiguous or unknown.
  package init(of head: HTTPRequestHead) throws(HTTPCodecError) {
    let declared = try HTTPBodyFraming(declaredBy: head.facts, version: head.version)
    if head.method == .connect {
      // RFC 9110 §9.3.6: what follows the head is the tunnel's already.
      guard declared == nil || declared == .contentLength(0) else {
        throw HTTPCodecError(
          code: .conflictingFraming,
          message: "A CONNECT request announces a body, which it cannot have; send none.")
      }
      self = .none
    } else if declared == .contentLength(0) {
      self = .none
    } else {
      self = declared ?? .none
    }
  }

  /// Decides the framing of a response that was read (RFC 9112 §6.3).
  ///
  /// - Parameters:
  ///   - head: the head of the response.
  ///   - method: the method of the request that it answers, on which the framing depends.
  /// - Throws: `HTTPCodecError` for framing that is ambiguous or unknown.
  package init(of head: HTTPResponseHead, answering method: HTTPRequest.Method) throws(HTTPCodecError) {
    if method == .connect, (200..<300).contains(head.code) {
      // The connection is a tunnel from here on, and these fields must be ignored.
      self = .none
      return
    }
    let declared = try HTTPBodyFraming(declaredBy: head.facts, version: head.version)
    if Self.isBodiless(head.code, answering: method) {
      self = .none
    } else if declared == .contentLength(0) {
      self = .none
    } else {
      self = declared ?? .untilClose
    }
  }

  /// Whether a response never has a body, whatever its fields say.
  static func isBodiless(_ code: Int, answering method: HTTPRequest.Method) -> Bool {
    code < 200 || code == 204 || code == 304 || method == .head
  }

  /// What the fields alone say, or `nil` if nothing.
  private init?(declaredBy facts: HTTPMessageFacts, version: HTTPVersion) throws(HTTPCodecError) {
    if facts.contentLength == .absent, facts.transferEncoding == .absent { return nil }
    if facts.transferEncoding != .absent {
      if version == .http10 { throw .transferCodingInHTTP10() }
      if facts.contentLength != .absent { throw .bothFramings() }
      if facts.transferEncoding == .unsupported { throw .unsupportedTransferCoding() }
      self = .chunked
      return
    }
    switch facts.contentLength {
    case .length(let length): self = .contentLength(length)
    case .absent: return nil
    case .invalid: throw .invalidContentLength()
    case .overflow: throw .contentLengthOverflow()
    case .conflicting: throw .conflictingContentLength()
    }
  }
}

extension HTTPCodecError {
  @inline(never)
  fileprivate static func transferCodingInHTTP10() -> HTTPCodecError {
    HTTPCodecError(
      code: .transferCodingInHTTP10,
      message: "A message of HTTP/1.0 has a Transfer-Encoding, which that version lacks; "
        + "where its body ends cannot be known.")
  }

  @inline(never)
  fileprivate static func bothFramings() -> HTTPCodecError {
    HTTPCodecError(
      code: .conflictingFraming,
      message:
        "The message has both Transfer-Encoding and Content-Length; the peer must send only one of them.")
  }

  @inline(never)
  fileprivate static func unsupportedTransferCoding() -> HTTPCodecError {
    HTTPCodecError(
      code: .unsupportedTransferCoding,
      message: "Transfer-Encoding is anything but a single chunked; the peer must send just that.")
  }

  @inline(never)
  fileprivate static func invalidContentLength() -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidContentLength,
      message: "Content-Length is not one decimal number; signs, lists and empty values are refused.")
  }

  @inline(never)
  fileprivate static func contentLengthOverflow() -> HTTPCodecError {
    HTTPCodecError(
      code: .lengthOverflow, message: "Content-Length is above \(Int.max), more than can be counted here.")
  }

  @inline(never)
  fileprivate static func conflictingContentLength() -> HTTPCodecError {
    HTTPCodecError(
      code: .conflictingContentLength,
      message: "Content-Length is given several times with different numbers; the peer must send one.")
  }
}
