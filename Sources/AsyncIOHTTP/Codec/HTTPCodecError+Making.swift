// The errors of the parsers, made out of line, so that the code that meets none of them stays small.

extension HTTPCodecError {
  @inline(never)
  static func bareLineFeed(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .bareLineFeed,
      message: "A line ends with a line feed alone; the peer must send a carriage return before it.",
      offset: offset)
  }

  @inline(never)
  static func bareCarriageReturn(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .bareCarriageReturn,
      message: "A carriage return stands within a line; the peer must send it only where a line ends.",
      offset: offset)
  }

  @inline(never)
  static func invalidVersion(at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidVersion,
      message: "The version is not written as HTTP/1.1; the peer does not speak HTTP/1, at least not here.",
      offset: offset)
  }

  @inline(never)
  static func tooManyFields(_ limit: Int, at offset: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .tooManyFields,
      message:
        "There are more than \(limit) fields; raise the limit in HTTPLimits if the peer is to be trusted.",
      offset: offset)
  }

  @inline(never)
  static func interimStatus(_ code: Int) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidStatusCode,
      message: "The status code \(code) does not end an exchange; answer with one from 200 on.")
  }

  @inline(never)
  static func missingHost() -> HTTPCodecError {
    HTTPCodecError(
      code: .missingHost,
      message: "The request has no Host; a client of HTTP/1.1 must send one, if need be an empty one.")
  }

  @inline(never)
  static func invalidHost(at offset: Int?) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidHost,
      message: "The host is not a name or an address with perhaps a port; write it as example.org:8080.",
      offset: offset)
  }

  @inline(never)
  static func duplicateHost(at offset: Int?) -> HTTPCodecError {
    HTTPCodecError(
      code: .duplicateHost,
      message: "The request has more than one Host; send exactly one, so that everyone routes it alike.",
      offset: offset)
  }

  @inline(never)
  static func invalidTarget(_ reason: StaticString, at offset: Int?) -> HTTPCodecError {
    HTTPCodecError(
      code: .invalidTarget, message: "The request target is refused: \(reason).", offset: offset)
  }

  /// Says what is wrong with a byte that a field value or the like may not hold.
  @inline(never)
  static func forbidden(_ byte: UInt8, at offset: Int) -> HTTPCodecError {
    if byte == .carriageReturn { return .bareCarriageReturn(at: offset) }
    return HTTPCodecError(
      code: .invalidFieldValue,
      message: "A field value holds the control character \(byte); only tabs may stand in one.",
      offset: offset)
  }
}
