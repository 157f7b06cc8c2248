import ArgumentParser
import AsyncIO

/// Runs a command's work on the event loop.
///
/// - Parameter body: The work; cancelled by Ctrl-C, and by SIGTERM.
/// - Returns: What `body` returns.
/// - Throws: `ExitCode` after Ctrl-C or SIGTERM; an error of `body` as a message and exit status 1.
func onLoop<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
  do {
    // Rather than `EventLoop.run`, which would end the process by the signal before it could say so.
    let runner = try Runner()
    defer { runner.close() }
    return try runner.run(body)
  } catch let error as EventLoopError {
    guard case .interrupted(let signal) = error.code else { throw fail("\(error)") }
    StandardStream.error.write(Interruption.word(for: signal) + "\n")
    throw ExitCode(128 + signal)
  } catch let error as ExitCode {
    throw error
  } catch {
    throw fail("\(error)")
  }
}

/// Writes `message` as the tool's last word.
///
/// - Returns: What is to be thrown to end with exit status 1.
func fail(_ message: String) -> ExitCode {
  StandardStream.error.write("asyncio: \(message)\n")
  return .failure
}
