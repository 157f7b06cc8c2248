// Running a child to its end.
//
// Two tasks read what it writes while the caller's waits for its end. All that it has written itself is in the pipes when it
// has ended; what may come after that is of processes that it has left behind, and these may live for ever. So after the
// child's end the pipes are read for a quarter of a second at most, and no further.

import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
public import SystemPackage
import Synchronization

extension Subprocess {
  /// How long pipes that somebody still holds are read when the child has ended.
  static let leftoverGrace = Duration.milliseconds(250)

  /// Runs a program to its end, and captures what it writes (Python's `subprocess.run`, asyncio's `communicate`).
  ///
  /// ```swift
  /// let listing = try await Subprocess.run("ls", "-l").checked().text
  /// let sorted = try await Subprocess.run("sort", input: .text(names), timeout: .seconds(10)).text
  /// ```
  ///
  /// - Parameters:
  ///   - program: A name that is looked for in `PATH`, or a path if it contains a slash.
  ///   - arguments: What the program is given.
  ///   - input: Where the child reads its standard input from.
  ///   - output: Where the child writes its standard output to; a pipe is captured.
  ///   - error: Where the child writes its standard error to; a pipe is captured.
  ///   - workingDirectory: Where the child starts; where this process is if nil.
  ///   - limit: How many bytes each of the two may be; 64 MiB if nothing is said.
  ///   - timeout: How long the child may take; as long as it likes if nil.
  /// - Returns: How it has ended, and what it has written. A child that fails is no error: see `checked()`.
  /// - Throws: `IOError` when it cannot be started, with the path that is missing or not allowed; `SubprocessError` with what
  ///   was captured so far when it takes too long or writes too much, and it has been ended; `CancellationError`.
  ///
  /// ## Cancellation
  /// The child is asked to end by SIGTERM, killed when that takes longer than its grace, and reaped.
  public static func run(
    _ program: String, _ arguments: String..., input: SubprocessInput = .none,
    output: SubprocessOutput = .pipe,
    error: SubprocessOutput = .pipe, workingDirectory: FilePath? = nil, limit: Int = 64 << 20,
    timeout: Duration? = nil
  ) async throws -> SubprocessResult {
    var command = Command(program, arguments: arguments)
    command.workingDirectory = workingDirectory
    return try await run(command, input: input, output: output, error: error, limit: limit, timeout: timeout)
  }

  /// Runs a command to its end, and captures what it writes.
  ///
  /// As with a program and its arguments in all else.
  ///
  /// - Parameters:
  ///   - command: What to run, and in which surroundings.
  ///   - input: Where the child reads its standard input from.
  ///   - output: Where the child writes its standard output to; a pipe is captured.
  ///   - error: Where the child writes its standard error to; a pipe is captured.
  ///   - limit: How many bytes each of the two may be.
  ///   - timeout: How long the child may take; as long as it likes if nil.
  /// - Returns: How it has ended, and what it has written.
  /// - Throws: `IOError`, `SubprocessError`, `CancellationError`.
  ///
  /// ## Cancellation
  /// Ends the child.
  public static func run(
    _ command: Command, input: SubprocessInput = .none, output: SubprocessOutput = .pipe,
    error: SubprocessOutput = .pipe, limit: Int = 64 << 20, timeout: Duration? = nil
  ) async throws -> SubprocessResult {
    precondition(limit >= 0, "a child may write 0 bytes or more, not \(limit)")
    let capture = Capture(command, limit: limit)
    let input = if case .pipe = input { SubprocessInput.none } else { input }
    let run = { try await runToEnd(command, input, output, error, capture) }
    do {
      guard let timeout else { return try await run() }
      if let result = try await withTimeoutOrNil(timeout, run) { return result }
      throw capture.error(.timedOut(timeout))
    } catch is CaptureLimit {
      throw capture.error(.outputLimit(limit))
    }
  }

  private static func runToEnd(
    _ command: Command, _ input: SubprocessInput, _ output: SubprocessOutput, _ error: SubprocessOutput,
    _ capture: Capture
  ) async throws -> SubprocessResult {
    try await withSubprocess(command, input: input, output: output, error: error) { child in
      try await withTaskScope { scope in
        let readers = [(child.outputReader, Capture.Stream.output), (child.errorReader, .error)].compactMap {
          pipe, stream in
          pipe.map { pipe in scope.createTask { try await capture.readAll(of: pipe, stream) } }
        }
        let status = try await child.wait()
        let isComplete = try await withTimeoutOrNil(leftoverGrace) {
          for reader in readers { try await reader.value }
          return true
        }
        // The expiry has reached the one that was waited for, and not the other.
        for reader in readers { reader.cancel() }
        return capture.result(status, isComplete: isComplete ?? false)
      }
    }
  }
}

/// A child has written more than it may.
private struct CaptureLimit: Error {}

/// What a child has written so far; kept apart from the tasks that read, so that it is there also when they end early.
private final class Capture: Sendable {
  enum Stream: Sendable { case output, error }

  private let command: String
  private let limit: Int
  private let bytes = Mutex<[Stream: [UInt8]]>([:])

  init(_ command: Subprocess.Command, limit: Int) {
    self.command = command.description
    self.limit = limit
  }

  func readAll(of pipe: PipeReader, _ stream: Stream) async throws {
    var chunk: [UInt8] = []
    while try await pipe.read(appendingTo: &chunk, atMost: 65_536) > 0 {
      guard keep(chunk, stream) else { throw CaptureLimit() }
      chunk.removeAll(keepingCapacity: true)
    }
  }

  /// Keeps what there is room for; false if that was not all.
  private func keep(_ chunk: [UInt8], _ stream: Stream) -> Bool {
    bytes.withLock { bytes in
      let room = limit - bytes[stream, default: []].count
      bytes[stream, default: []].append(contentsOf: chunk.prefix(room))
      return chunk.count <= room
    }
  }

  private func captured(_ stream: Stream) -> [UInt8] { bytes.withLock { $0[stream] ?? [] } }

  func result(_ status: ExitStatus, isComplete: Bool) -> SubprocessResult {
    SubprocessResult(
      command: command, status: status, output: captured(.output), error: captured(.error),
      isComplete: isComplete)
  }

  func error(_ code: SubprocessError.Code) -> SubprocessError {
    SubprocessError(code, command: command, output: captured(.output), error: captured(.error))
  }
}
