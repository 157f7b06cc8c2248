// A child process and its pipes, as its scope gives it to who works with it.

public import AsyncIONetwork
import AsyncIORuntime
import Glibc

/// A child process that runs; made by `withSubprocess`, or run to its end by `Subprocess.run`.
///
/// ```swift
/// try await withSubprocess("bc", "-l") { calculator in
///   try await calculator.input.write("scale=3; 22/7\n")
///   calculator.input.close()
///   for try await line in calculator.output.lines { print(line) }
/// }
/// ```
///
/// It may be used from any task as long as its scope lasts.
public final class Subprocess: Sendable {
  let child: ChildProcess
  let writer: PipeWriter?
  let outputReader: PipeReader?
  let errorReader: PipeReader?
  private let command: Command

  init(
    _ command: Command, _ child: ChildProcess, _ writer: PipeWriter?, _ output: PipeReader?,
    _ error: PipeReader?
  ) {
    self.command = command
    self.child = child
    self.writer = writer
    outputReader = output
    errorReader = error
  }

  // MARK: Pipes

  /// What the child reads as its standard input; only where that is a pipe.
  ///
  /// Close it to let the child come to its end.
  public var input: PipeWriter {
    guard let writer else {
      preconditionFailure("the standard input of `\(command)` is no pipe: give `input: .pipe`")
    }
    return writer
  }

  /// What the child writes to its standard output; only where that is a pipe.
  public var output: PipeReader {
    guard let outputReader else {
      preconditionFailure("the standard output of `\(command)` is no pipe: give `output: .pipe`")
    }
    return outputReader
  }

  /// What the child writes to its standard error; only where that is a pipe.
  public var error: PipeReader {
    guard let errorReader else {
      preconditionFailure("the standard error of `\(command)` is no pipe: give `error: .pipe`")
    }
    return errorReader
  }

  /// Closes all pipes.
  func closePipes() {
    writer?.close()
    closeReaders()
  }

  func closeReaders() {
    outputReader?.close()
    errorReader?.close()
  }

  // MARK: Ending

  /// The child's number in the system.
  public var processIdentifier: CInt { child.identifier }

  /// How the child has ended; nil as long as it runs (asyncio's `returncode`).
  public var status: ExitStatus? { try? child.reapIfEnded()?.get() }

  /// Waits until the child has ended.
  ///
  /// Several tasks may wait. Its pipes may still hold what was not read, or be held open by processes that it has left behind.
  /// A child that writes much to a pipe that nobody reads does not end.
  ///
  /// - Returns: How it has ended.
  /// - Throws: `IOError` when somebody else has taken its end from the system; `CancellationError`.
  ///
  /// ## Cancellation
  /// Leaves the child alone; the call may be repeated.
  @discardableResult
  public func wait() async throws -> ExitStatus { try await child.wait() }

  /// Sends a signal to the child, or to its whole group if it was given one.
  ///
  /// - Parameter signal: Such as `SIGHUP`.
  /// - Returns: False if the child had ended before: a signal never reaches another process that has its number now.
  /// - Throws: `IOError` with `EPERM` where that is not allowed, with `EINVAL` for what is no signal.
  @discardableResult
  public func send(_ signal: CInt) throws -> Bool { try child.send(signal, toGroup: true) }

  /// Asks the child to end, by SIGTERM.
  public func terminate() { _ = try? send(SIGTERM) }

  /// Ends the child, by SIGKILL.
  public func kill() { _ = try? send(SIGKILL) }
}

extension Subprocess: CustomStringConvertible {
  /// For people, such as ``Subprocess(`ls -l`, 4711 running)``.
  public var description: String {
    "Subprocess(`\(command)`, \(processIdentifier) \(status.map(\.description) ?? "running"))"
  }
}
