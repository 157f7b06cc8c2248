extension HTTPCodecError.Code {
  // MARK: Lines

  /// A line ends with a line feed alone.
  public static var bareLineFeed: Self { Self("bareLineFeed") }
  /// A carriage return stands where no line ends.
  public static var bareCarriageReturn: Self { Self("bareCarriageReturn") }
  /// A field line begins with white space: the folding that RFC 9112 §5.2 retired.
  public static var obsoleteLineFolding: Self { Self("obsoleteLineFolding") }

  // MARK: Start line

  /// The first line of a request is not a method, a target and a version, each after one space.
  public static var invalidRequestLine: Self { Self("invalidRequestLine") }
  /// The first line of a response is not a version, a status code and a reason phrase.
  public static var invalidStatusLine: Self { Self("invalidStatusLine") }
  /// The method is not a token.
  public static var invalidMethod: Self { Self("invalidMethod") }
  /// The request target has none of the four forms of RFC 9112 §3.2, or has none that fits the method.
  public static var invalidTarget: Self { Self("invalidTarget") }
  /// The status code is not three digits from 100 on, or a handler has answered with one below 200.
  public static var invalidStatusCode: Self { Self("invalidStatusCode") }
  /// The version is not written as `HTTP/`, a digit, a dot and a digit.
  public static var invalidVersion: Self { Self("invalidVersion") }
  /// The version is written well but is neither 1.0 nor 1.1.
  public static var unsupportedVersion: Self { Self("unsupportedVersion") }

  // MARK: Fields

  /// A field line has no colon.
  public static var missingColon: Self { Self("missingColon") }
  /// White space stands between a field name and its colon.
  public static var whitespaceBeforeColon: Self { Self("whitespaceBeforeColon") }
  /// A field name is empty or is not a token.
  public static var invalidFieldName: Self { Self("invalidFieldName") }
  /// A field value has a control character.
  public static var invalidFieldValue: Self { Self("invalidFieldValue") }
  /// A request has no `Host`.
  public static var missingHost: Self { Self("missingHost") }
  /// A request has more than one `Host`.
  public static var duplicateHost: Self { Self("duplicateHost") }
  /// `Host`, or the authority of the target, is not a host and perhaps a port.
  public static var invalidHost: Self { Self("invalidHost") }

  // MARK: Limits

  /// The start line is longer than ``HTTPLimits/startLine``.
  public static var startLineTooLong: Self { Self("startLineTooLong") }
  /// A field line is longer than ``HTTPLimits/fieldLine``.
  public static var fieldLineTooLong: Self { Self("fieldLineTooLong") }
  /// The head is longer than ``HTTPLimits/head``.
  public static var headTooLong: Self { Self("headTooLong") }
  /// There are more fields than ``HTTPLimits/fieldCount`` or ``HTTPLimits/trailerCount``.
  public static var tooManyFields: Self { Self("tooManyFields") }
  /// A chunk's size line is longer than ``HTTPLimits/chunkLine``.
  public static var chunkLineTooLong: Self { Self("chunkLineTooLong") }
  /// The chunk extensions of one body are longer together than ``HTTPLimits/chunkExtensions``.
  public static var chunkExtensionsTooLong: Self { Self("chunkExtensionsTooLong") }
  /// The trailer section is longer than ``HTTPLimits/trailers``.
  public static var trailersTooLong: Self { Self("trailersTooLong") }

  // MARK: Framing

  /// `Content-Length` is not one number of decimal digits.
  public static var invalidContentLength: Self { Self("invalidContentLength") }
  /// `Content-Length` is given more than once, with different numbers.
  public static var conflictingContentLength: Self { Self("conflictingContentLength") }
  /// `Content-Length` or a chunk size is too large to be counted.
  public static var lengthOverflow: Self { Self("lengthOverflow") }
  /// Two statements about where the body ends exclude each other.
  public static var conflictingFraming: Self { Self("conflictingFraming") }
  /// `Transfer-Encoding` is anything but one `chunked`.
  public static var unsupportedTransferCoding: Self { Self("unsupportedTransferCoding") }
  /// `Transfer-Encoding` stands in a message of HTTP/1.0, which has none.
  public static var transferCodingInHTTP10: Self { Self("transferCodingInHTTP10") }

  // MARK: Bodies

  /// A chunk size is not made of hexadecimal digits.
  public static var invalidChunkSize: Self { Self("invalidChunkSize") }
  /// A chunk extension breaks its grammar.
  public static var invalidChunkExtension: Self { Self("invalidChunkExtension") }
  /// The data of a chunk is not followed by the end of a line.
  public static var missingChunkEnd: Self { Self("missingChunkEnd") }
  /// A trailer field would change the framing or the routing, which trailers may not.
  public static var forbiddenTrailer: Self { Self("forbiddenTrailer") }
  /// The connection ended inside a head.
  public static var truncatedHead: Self { Self("truncatedHead") }
  /// The connection ended inside a body.
  public static var truncatedBody: Self { Self("truncatedBody") }

  // MARK: Writing

  /// A reason phrase has a character that cannot be sent.
  public static var invalidReasonPhrase: Self { Self("invalidReasonPhrase") }
}
