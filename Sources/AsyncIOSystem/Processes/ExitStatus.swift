/// How a child process has ended.
public enum ExitStatus: Sendable, Hashable {
  /// It has returned this code, 0 to 255.
  case exited(code: CInt)
  /// A signal has ended it.
  case signaled(CInt)

  /// Whether it has returned 0.
  public var isSuccess: Bool { self == .exited(code: 0) }

  /// The code as Python gives it: what the child has returned, or the negative number of the signal that has ended it
  /// (asyncio's `returncode`).
  public var returnCode: CInt {
    switch self {
    case .exited(let code): code
    case .signaled(let number): -number
    }
  }
}

extension ExitStatus: CustomStringConvertible {
  /// For people, such as `exited with code 1` or `was ended by signal 9`.
  public var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signaled(let number): "was ended by signal \(number)"
    }
  }
}
