import AsyncIO
import Glibc

/// How the user stops a command.
enum Interruption {
  /// The signal that has cancelled the current task; SIGINT where nobody has said.
  static var signal: CInt {
    if case .signal(let number)? = Task.cancellationReason { number } else { SIGINT }
  }

  /// A word for people.
  static func word(for signal: CInt) -> String { signal == SIGTERM ? "Terminated." : "Interrupted." }
}
