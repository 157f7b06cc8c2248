// What pipes, files and standard input are mostly read for: lines, and everything.

public import AsyncIONetwork
import AsyncIORuntime

extension ReadableByteStream {
  /// The lines of what is left, without their ends, each of at most a mebibyte.
  ///
  /// ```swift
  /// for try await line in child.output.lines { print(line) }
  /// ```
  ///
  /// To be asked for once: what was read ahead belongs to these lines. The last line is given also if it has no end; bytes
  /// that are not UTF-8 are replaced.
  public var lines: BufferedLines<Self> { BufferedReader(self).lines }

  /// The lines of what is left, without their ends.
  ///
  /// - Parameter maximum: How long a line may be, in bytes; a longer one throws `IOError` with the code `overLimit`.
  /// - Returns: The lines as text.
  public func lines(maximum: Int) -> BufferedLines<Self> { BufferedReader(self, maximum: maximum).lines }

  /// Reads up to the end.
  ///
  /// - Parameter maximum: How many bytes there may be; more throw `IOError` with the code `overLimit`.
  /// - Returns: All bytes that are left.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// What was read so far is lost when it throws.
  public func readAll(maximum: Int = .max) async throws -> [UInt8] {
    try await BufferedReader(self).readToEnd(maximum: maximum)
  }
}
