/// A handler that misuses the server.
public struct HTTPServerError: Error, Hashable, Sendable {
  /// What kind of misuse it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The name of the kind, as it is written in Swift.
    public let description: String

    init(_ name: String) { description = name }

    /// Something was written after the body's end.
    public static var bodyEnded: Code { Code("bodyEnded") }
    /// More was written than was announced.
    public static var bodyTooLong: Code { Code("bodyTooLong") }
    /// Less was written than was announced.
    public static var bodyTooShort: Code { Code("bodyTooShort") }
    /// The body of a request is being read by another task.
    public static var bodyBusy: Code { Code("bodyBusy") }
    /// The body of a request was read after the response was sent.
    public static var bodyLeft: Code { Code("bodyLeft") }
  }

  /// What kind of misuse it is, for programs.
  public var code: Code
  /// What was wrong and what to do about it, for people.
  public var message: String

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: what kind of misuse it is.
  ///   - message: what was wrong and what to do about it.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  static func bodyEnded() -> HTTPServerError {
    HTTPServerError(
      code: .bodyEnded,
      message: "The body has ended; use its writer only until the closure that it was given to has returned.")
  }

  static func bodyBusy() -> HTTPServerError {
    HTTPServerError(
      code: .bodyBusy, message: "Another task reads the body of this request; one may at a time.")
  }

  static func bodyLeft() -> HTTPServerError {
    HTTPServerError(
      code: .bodyLeft,
      message: "The body of a request is there until its response was sent; read it before.")
  }

  static func bodyTooLong(_ excess: Int) -> HTTPServerError {
    HTTPServerError(
      code: .bodyTooLong,
      message: "The body is \(excess) bytes longer than announced; give its right length, or none.")
  }

  static func bodyTooShort(_ missing: Int) -> HTTPServerError {
    HTTPServerError(
      code: .bodyTooShort,
      message: "The body is \(missing) bytes shorter than announced; give its right length, or none.")
  }
}

extension HTTPServerError: CustomStringConvertible {
  /// The code and the message in one line.
  public var description: String { "\(code): \(message)" }
}
