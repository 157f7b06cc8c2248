/// A version of HTTP.
public enum HTTPVersion: Hashable, Sendable, Comparable {
  /// HTTP/1.0.
  case http10
  /// HTTP/1.1 (RFC 9112).
  case http11
  /// HTTP/2 (RFC 9113).
  case http2

  /// The eight bytes `HTTP/1.0` as one little-endian word, so that a version is one comparison.
  static let word10: UInt64 = 0x302e_312f_5054_5448
  /// The eight bytes `HTTP/1.1` as one little-endian word.
  static let word11: UInt64 = 0x312e_312f_5054_5448
}

extension HTTPVersion: CustomStringConvertible {
  /// The version as messages name it, such as `HTTP/1.1`.
  public var description: String {
    switch self {
    case .http10: "HTTP/1.0"
    case .http11: "HTTP/1.1"
    case .http2: "HTTP/2"
    }
  }
}

extension Span<UInt8> {
  /// Reads the version that stands in the eight bytes from `offset` on.
  ///
  /// The name is case-sensitive (RFC 9112 §2.3).
  @inline(__always)
  func version(at offset: Int) throws(HTTPCodecError) -> HTTPVersion {
    let word = word(at: offset)
    if word == HTTPVersion.word11 { return .http11 }
    if word == HTTPVersion.word10 { return .http10 }
    throw unknownVersion(at: offset)
  }

  @inline(never)
  private func unknownVersion(at offset: Int) -> HTTPCodecError {
    let text = text(offset..<offset + 8)
    let bytes = Array(text.utf8)
    let isWellFormed =
      bytes.count == 8 && text.hasPrefix("HTTP/") && bytes[5].isDigit && bytes[6] == UInt8(ascii: ".")
      && bytes[7].isDigit
    if isWellFormed {
      return HTTPCodecError(
        code: .unsupportedVersion,
        message: "The message is in \(text); only HTTP/1.0 and HTTP/1.1 are read here.", offset: offset)
    }
    return .invalidVersion(at: offset)
  }
}
