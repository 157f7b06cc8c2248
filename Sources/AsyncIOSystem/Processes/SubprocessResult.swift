/// What a child process has left when it has ended.
public struct SubprocessResult: Sendable {
  /// What was run, for people.
  public let command: String
  /// How it has ended.
  public let status: ExitStatus
  /// What it has written to its standard output, where that was captured.
  public let output: [UInt8]
  /// What it has written to its standard error, where that was captured.
  public let error: [UInt8]
  /// Whether all was captured: false when a process that the child has left behind still held a pipe, and what it may write
  /// later was not waited for.
  public let isComplete: Bool

  /// The standard output as text; bytes that are not UTF-8 are replaced.
  public var text: String { String(decoding: output, as: UTF8.self) }

  /// The standard error as text; bytes that are not UTF-8 are replaced.
  public var errorText: String { String(decoding: error, as: UTF8.self) }

  /// The result, if the child has returned 0 (Python's `check=True`).
  ///
  /// ```swift
  /// let branch = try await Subprocess.run("git", "branch", "--show-current").checked().text
  /// ```
  ///
  /// - Returns: The result itself.
  /// - Throws: `SubprocessError` with the code `failed` otherwise.
  @discardableResult
  public func checked() throws(SubprocessError) -> SubprocessResult {
    guard status.isSuccess else {
      throw SubprocessError(.failed(status), command: command, output: output, error: error)
    }
    return self
  }
}
