public import SystemPackage

/// Where a child process reads its standard input from.
public enum SubprocessInput: Sendable {
  /// Nothing: it is at its end at once (`/dev/null`).
  case none
  /// What this process reads from.
  case inherited
  /// These bytes.
  case bytes([UInt8])
  /// The UTF-8 of this text.
  case text(String)
  /// A file.
  case file(FilePath)
  /// An open descriptor, which stays its owner's.
  case descriptor(CInt)
  /// A pipe that the caller writes, as `input` of the child.
  case pipe
}

/// Where a child process writes one of its outputs to.
public enum SubprocessOutput: Sendable {
  /// Nowhere (`/dev/null`).
  case discarded
  /// Where this process writes to.
  case inherited
  /// A file, which is made, or emptied if it exists.
  case file(FilePath)
  /// The end of a file, which is made if it does not exist.
  case appending(to: FilePath)
  /// An open descriptor, which stays its owner's.
  case descriptor(CInt)
  /// For the standard error: where the standard output goes.
  case output
  /// A pipe that the caller reads, or that `run` captures.
  case pipe
}
