package import HTTPTypes

// Whether a connection serves another exchange after this one (RFC 9112 §9.3).

extension HTTPMessageFacts {
  /// Whether the sender means to keep the connection.
  ///
  /// By default in 1.1, on demand in 1.0, never after `close`.
  package func keepsAlive(_ version: HTTPVersion) -> Bool {
    if connection.contains(.close) { return false }
    return version >= .http11 || connection.contains(.keepAlive)
  }
}

extension HTTPRequestHead {
  /// Whether the client means to keep the connection after the response.
  package var keepsAlive: Bool { facts.keepsAlive(version) }
}

extension HTTPResponseHead {
  /// Whether the connection may carry another request once the body is read to its end.
  ///
  /// - Parameters:
  ///   - framing: the framing of this response; one that ends with the connection leaves nothing to keep.
  ///   - method: the method of the request.
  /// - Returns: whether it may; if not, it must be closed.
  package func keepsAlive(_ framing: HTTPBodyFraming, answering method: HTTPRequest.Method) -> Bool {
    guard facts.keepsAlive(version), framing != .untilClose, code != 101 else { return false }
    if method == .connect, (200..<300).contains(code) { return false }
    return !announcesImpossibleBody
  }

  /// Whether a response that cannot have a body announces one.
  ///
  /// Its framing is beyond doubt, but a server that errs so may send that body all the same, and then it
  /// would be taken for the next response.
  private var announcesImpossibleBody: Bool {
    guard code < 200 || code == 204 else { return false }
    return facts.transferEncoding != .absent
      || (facts.contentLength != .absent && facts.contentLength != .length(0))
  }
}
