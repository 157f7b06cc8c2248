/// A text that is no URL to which an HTTP request can be sent.
///
/// ```swift
/// do {
///   let url = try HTTPURL("htp://example.org/")
/// } catch {
///   print(error)      // names the URL and what is wrong with it
/// }
/// ```
public struct HTTPURLError: Error, Hashable, Sendable {
  /// What kind of fault it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The name of the kind, as it is written in Swift.
    public let description: String

    init(_ name: String) { description = name }

    /// The text is empty, or white space or control characters stand in it where none may.
    public static var invalidCharacter: Code { Code("invalidCharacter") }
    /// There is no scheme, or another one than `http` and `https`.
    public static var unsupportedScheme: Code { Code("unsupportedScheme") }
    /// The host is missing or is no name and no address.
    public static var invalidHost: Code { Code("invalidHost") }
    /// The host is a name outside ASCII, which must be given in its `xn--` form.
    public static var internationalizedHost: Code { Code("internationalizedHost") }
    /// The port is not a number from 1 to 65535.
    public static var invalidPort: Code { Code("invalidPort") }
    /// A user name or password stands before the host.
    public static var userInformation: Code { Code("userInformation") }
  }

  /// What kind of fault it is, for programs.
  public var code: Code
  /// The text as it was given, without user name and password.
  public var url: String
  /// What is wrong with it and what to do, for people.
  public var message: String

  /// Creates an error.
  ///
  /// - Parameters:
  ///   - code: what kind of fault it is.
  ///   - url: the text at fault, without secrets.
  ///   - message: what is wrong with it and what to do.
  public init(code: Code, url: String, message: String) {
    self.code = code
    self.url = url
    self.message = message
  }
}

extension HTTPURLError: CustomStringConvertible {
  /// The URL, quoted and escaped, and what is wrong with it.
  public var description: String { "\(url.debugDescription) is no usable URL: \(message)" }
}
