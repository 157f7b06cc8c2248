// The scope of a child process. Whatever happens in it, when it has ended the child has been reaped and its pipes are closed.
//
//   the body returns         the pipes that it has read and written are closed, and the child is waited for
//   it throws, is cancelled  the child is asked to end, killed when its grace is over, and reaped, under a shield
//   the child cannot start   nothing is left, and the error says which file it was
//
// Cancelled before the start: nothing is started. During it: the thread that starts the child is awaited, and the child ended.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import Glibc

/// Starts a program, runs `body` with it, and returns when the child has ended (asyncio's `create_subprocess_exec`).
///
/// ```swift
/// try await withSubprocess("tail", "-f", "log") { child in
///   for try await line in child.output.lines where line.contains("error") {
///     print(line)
///     child.terminate()
///   }
/// }
/// ```
///
/// - Parameters:
///   - program: A name that is looked for in `PATH`, or a path if it contains a slash.
///   - arguments: What the program is given.
///   - input: Where the child reads its standard input from.
///   - output: Where the child writes its standard output to.
///   - error: Where the child writes its standard error to.
///   - body: Works with the child, on the caller's actor. When it returns, pipes are closed and the child is waited for.
/// - Returns: What `body` returns.
/// - Throws: `IOError` when the child cannot be started, with the path that is missing or not allowed; what `body` throws, when
///   the child has been ended.
///
/// ## Cancellation
/// Cancels the body; the child is asked to end by SIGTERM, killed when that takes longer than its grace, and reaped.
@discardableResult
public func withSubprocess<Result>(
  _ program: String, _ arguments: String..., input: SubprocessInput = .pipe, output: SubprocessOutput = .pipe,
  error: SubprocessOutput = .inherited, _ body: (Subprocess) async throws -> Result
) async throws -> Result {
  try await withSubprocess(
    Subprocess.Command(program, arguments: arguments), input: input, output: output, error: error, body)
}

/// Starts a command, runs `body` with it, and returns when the child has ended.
///
/// As with a program and its arguments in all else.
///
/// - Parameters:
///   - command: What to run, and in which surroundings.
///   - input: Where the child reads its standard input from.
///   - output: Where the child writes its standard output to.
///   - error: Where the child writes its standard error to.
///   - body: Works with the child.
/// - Returns: What `body` returns.
/// - Throws: `IOError` when the child cannot be started; what `body` throws.
///
/// ## Cancellation
/// Cancels the body and ends the child.
@discardableResult
public func withSubprocess<Result>(
  _ command: Subprocess.Command, input: SubprocessInput = .pipe, output: SubprocessOutput = .pipe,
  error: SubprocessOutput = .inherited, _ body: (Subprocess) async throws -> Result
) async throws -> Result {
  let child = try await Subprocess.start(command, input, output, error)
  do {
    return try await withTaskScope { scope in
      // What the caller has given as a whole is written beside the body.
      if let bytes = input.content, let writer = child.writer {
        scope.createTask(name: "input of \(command.program)") { try await feed(bytes, to: writer) }
      }
      let result = try await body(child)
      child.closeReaders()
      if input.content == nil { child.writer?.close() }
      try await child.wait()
      // Whoever else has the other end need not read the rest.
      child.writer?.close()
      return result
    }
  } catch {
    child.closePipes()
    try? await withShield { await child.child.end(within: command.grace) }
    throw error
  }
}

/// Writes all of a child's input; that it does not read to the end is its own affair.
private func feed(_ bytes: [UInt8], to writer: PipeWriter) async throws {
  defer { writer.close() }
  do {
    try await writer.write(bytes)
  } catch let error as IOError where error.isDisconnection {
    return
  }
}

extension SubprocessInput {
  /// What is to be written, where that is known beforehand.
  var content: [UInt8]? {
    switch self {
    case .bytes(let bytes): bytes
    case .text(let text): Array(text.utf8)
    case .none, .inherited, .file, .descriptor, .pipe: nil
    }
  }
}

extension Subprocess {
  /// Starts a child, which the caller must end.
  static func start(
    _ command: Command, _ input: SubprocessInput, _ output: SubprocessOutput, _ error: SubprocessOutput
  ) async throws -> Subprocess {
    let (identifier, pidfd, ends) = try await withBlocking {
      let ends = try openEnds(input, output, error)
      defer { for end in ends { end.closeChild() } }
      do {
        let (identifier, pidfd) = try spawn(command, ends.map(\.child))
        return (identifier, pidfd, ends)
      } catch {
        for end in ends { end.closeParent() }
        throw error
      }
    }
    return try await adopt(command, identifier, pidfd, ends)
  }

  /// Registers a child's descriptors with the caller's loop; where that fails, the child is ended.
  private static func adopt(
    _ command: Command, _ identifier: CInt, _ pidfd: CInt, _ ends: [ChildEnd]
  ) async throws -> Subprocess {
    // Each descriptor is owned from its turn on, also when its registration fails; those behind it are closed here.
    var rest = [pidfd] + ends.map(\.parent)
    func next() -> CInt? {
      let number = rest.removeFirst()
      return number >= 0 ? number : nil
    }
    do {
      guard let number = next() else { preconditionFailure("a child was started without a pidfd") }
      let child = ChildProcess(identifier, try Descriptor(number), leadsGroup: command.group.code != 0)
      return Subprocess(
        command, child, try next().map(PipeWriter.init(adopting:)),
        try next().map(PipeReader.init(adopting:)),
        try next().map(PipeReader.init(adopting:)))
    } catch {
      for number in rest where number >= 0 { Glibc.close(number) }
      Glibc.kill(identifier, SIGKILL)
      // A child that was killed is gone as soon as the system has come to it.
      await waitUntilGone(identifier)
      throw error
    }
  }

  private static func waitUntilGone(_ identifier: CInt) async {
    _ = try? await withShield { try await withBlocking { _ = waitpid(identifier, nil, 0) } }
  }
}
