/// A message that breaks HTTP/1.1, or a limit that it breaks.
///
/// After a codec error the position of the next message on the connection is unknown, so the only safe
/// thing to do with the connection is to close it. A server may answer first:
/// ``HTTPCodecError/Code/suggestedStatus`` says with what.
///
/// ```swift
/// do {
///   let response = try await session.get("http://example.org/")
/// } catch let error as HTTPCodecError where error.code == .truncatedBody {
///   print("the server hung up early:", error.message)
/// }
/// ```
public struct HTTPCodecError: Error, Hashable, Sendable {
  /// What kind of breach it is, for programs.
  public var code: Code

  /// What was wrong and what to do about it, for people.
  public var message: String

  /// Where the breach is, in bytes from the start of the head or, in a body, of the body.
  ///
  /// It is `nil` where no single byte is to blame, as when a field is missing.
  public var offset: Int?

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: what kind of breach it is.
  ///   - message: what was wrong and what to do about it.
  ///   - offset: where it is, in bytes from the start of the head or body.
  public init(code: Code, message: String, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  /// The same error found `distance` bytes later, for a parser that was given a part of the input.
  func moved(by distance: Int) -> HTTPCodecError {
    HTTPCodecError(code: code, message: message, offset: offset.map { $0 + distance })
  }
}

extension HTTPCodecError: CustomStringConvertible {
  /// The code, the message and the place in one line.
  public var description: String {
    guard let offset else { return "\(code): \(message)" }
    return "\(code): \(message) (at byte \(offset))"
  }
}

extension HTTPCodecError {
  /// The kind of a codec error.
  ///
  /// A structure rather than an enumeration, so that a new kind breaks nobody's `switch`.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The name of the kind, as it is written in Swift.
    public let description: String

    init(_ name: String) { description = name }

    /// The status with which a server answers a request that has this error.
    ///
    /// RFC 9110 §15.5 and §15.6, RFC 6585 §5.
    public var suggestedStatus: Int {
      switch self {
      case .startLineTooLong: 414
      case .fieldLineTooLong, .headTooLong, .tooManyFields, .trailersTooLong: 431
      case .unsupportedTransferCoding: 501
      case .unsupportedVersion: 505
      default: 400
      }
    }
  }
}
