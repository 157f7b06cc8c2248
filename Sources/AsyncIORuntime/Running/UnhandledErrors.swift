// Errors that nobody waits for: of leftovers at the end of a run, of tasks of the runtime. They go to one handler, which
// writes a line to standard error unless the program sets another.

import Glibc
import Synchronization

/// An error that no code was there to catch.
public struct UnhandledError: Sendable, CustomStringConvertible {
  /// The error.
  public let error: any Error
  /// Whose error it is, such as `task 'poller' (App/Main.swift:12)`.
  public let source: String

  package init(_ error: any Error, source: String) {
    self.error = error
    self.source = source
  }

  /// One line for a log.
  public var description: String { "\(source) failed and nobody waited for it: \(error)" }
}

/// Where unhandled errors are reported.
enum UnhandledErrors {
  static let handler = Mutex<@Sendable (UnhandledError) -> Void>({ report in
    writeLine("asyncio: \(report)")
  })

  /// Writes to standard error in one piece, so that lines of several threads do not mix.
  static func writeLine(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  }
}

extension EventLoop {
  /// Replaces what is done with errors that nobody waits for (asyncio's `set_exception_handler`).
  ///
  /// By default a line is written to standard error.
  ///
  /// - Parameter handler: Called on the thread on which the error was found; it must not block.
  public static func setUnhandledErrorHandler(_ handler: @escaping @Sendable (UnhandledError) -> Void) {
    UnhandledErrors.handler.withLock { $0 = handler }
  }

  /// Reports an error that no code is there to catch.
  package static func reportUnhandled(_ error: any Error, source: String) {
    let handler = UnhandledErrors.handler.withLock { $0 }
    handler(UnhandledError(error, source: source))
  }

  /// Writes a line about the runtime itself to standard error.
  package static func warn(_ message: String) {
    UnhandledErrors.writeLine("asyncio: \(message)")
  }
}
