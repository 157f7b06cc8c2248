internal import Glibc

/// An input or output operation that failed.
///
/// ```swift
/// do { try await stream.write(bytes) }
/// catch let error as IOError where error.errno == ECONNRESET { … }
/// ```
public struct IOError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    /// The operating system refused; `errno` tells why.
    public static let system = Code(description: "system")
    /// The descriptor was closed in this process before or during the operation.
    public static let closed = Code(description: "closed")
    /// Another task is already waiting for the same direction of the same descriptor.
    public static let busy = Code(description: "busy")
    /// The peer ended the stream where more was expected.
    public static let unexpectedEnd = Code(description: "unexpected end")
    /// A name could not be resolved.
    public static let unresolved = Code(description: "unresolved")
    /// What is to be read is longer than its maximum; nothing of it was taken.
    public static let overLimit = Code(description: "over the limit")
    /// An argument is not usable.
    public static let invalid = Code(description: "invalid")
  }

  /// What kind of failure it is.
  public let code: Code
  /// The system's error number, where there is one.
  public let errno: CInt?
  /// The operation or system call that failed.
  public let operation: String
  /// What to know beyond the above, such as an address.
  public let detail: String?

  /// Describes a failure of `operation`.
  public init(_ code: Code, errno: CInt? = nil, operation: String, detail: String? = nil) {
    self.code = code
    self.errno = errno
    self.operation = operation
    self.detail = detail
  }

  /// Whether the peer has gone, or this end was closed: what ends connections every day.
  public var isDisconnection: Bool {
    code == .closed || code == .unexpectedEnd
      || [ECONNRESET, EPIPE, ECONNABORTED, ETIMEDOUT, ENOTCONN].contains(errno ?? 0)
  }

  /// A sentence for people, such as `connect 127.0.0.1:81: Connection refused (ECONNREFUSED)`.
  public var description: String {
    let what = detail.map { "\(operation) \($0)" } ?? operation
    if let errno { return "\(what): \(Self.message(errno))" }
    switch code {
    case .closed: return "\(what): the descriptor is closed"
    case .busy: return "\(what): another task already waits for it"
    case .unexpectedEnd: return "\(what): the peer closed the connection too early"
    // The detail has said it.
    case .unresolved, .invalid, .overLimit: return what
    case .system where detail != nil: return what
    default: return "\(what): \(code.description)"
    }
  }

  /// The system's text for an error number.
  package static func message(_ number: CInt) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0 else {
        return "error \(number)"
      }
      return unsafe String(cString: base)
    }
  }
}
