/// A use of the event loop that cannot be granted, or the way in which a run ended.
public struct EventLoopError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What it is.
  public enum Code: Sendable, Equatable {
    /// A loop is already running on this thread: `run` was called inside of `run`.
    case alreadyRunning
    /// A blocking call was made on a loop's own thread, where it would never return.
    case wouldBlockLoop
    /// The loop or runner was closed.
    case closed
    /// The program was asked to stop by a signal, such as Ctrl-C.
    case interrupted(signal: CInt)
    /// Nothing can run, no timer is set, and somebody still waits.
    case deadlock
    /// The system refused what a loop needs, such as a descriptor or a thread.
    case system(IOError)
  }

  /// What it is.
  public let code: Code
  /// What happened and what to do, in a sentence.
  public let message: String

  /// Describes a misuse or an end.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
