/// A child process that did not do what was asked of it.
///
/// One that could not be started at all is an `IOError`.
public struct SubprocessError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What has become of it.
  public enum Code: Sendable, Equatable {
    /// It has ended in another way than by returning 0; thrown by `checked()` alone.
    case failed(ExitStatus)
    /// It has taken longer than it was given, and was ended.
    case timedOut(Duration)
    /// It has written more than this number of bytes to one stream, and was ended.
    case outputLimit(Int)
  }

  /// What has become of it.
  public let code: Code
  /// What was run, for people.
  public let command: String
  /// What it has written to its standard output, as far as it was read.
  public let output: [UInt8]
  /// What it has written to its standard error, as far as it was read.
  public let error: [UInt8]

  /// Describes the end of a child.
  public init(_ code: Code, command: String, output: [UInt8] = [], error: [UInt8] = []) {
    self.code = code
    self.command = command
    self.output = output
    self.error = error
  }

  /// A sentence, with the last line that the child has written to its standard error.
  public var description: String {
    let what =
      switch code {
      case .failed(let status): "`\(command)` \(status)"
      case .timedOut(let duration): "`\(command)` took longer than \(duration) and was ended"
      case .outputLimit(let limit):
        "`\(command)` wrote more than \(limit) bytes and was ended: read it live, or give a higher limit"
      }
    let lines = String(decoding: error.suffix(1000), as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.last.map { "\(what): \($0)" } ?? what
  }
}
