// Where a program is. The search is made before the start rather than in the child, so that the error can name what was not
// found, and so that a directory that is missing is not taken for the program.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

enum ProgramSearch {
  /// The path of a program.
  ///
  /// - Parameters:
  ///   - program: A name to look for in `path`, or a path if it contains a slash.
  ///   - path: Directories between colons; what the system prescribes if nil.
  ///   - directory: The open directory that paths are relative to, or -1.
  /// - Returns: A path to start.
  /// - Throws: `IOError` with `EACCES` if what was found cannot be run, with `ENOENT` if nothing was.
  static func find(_ program: String, path: String?, from directory: CInt) throws(IOError) -> String {
    guard !program.isEmpty, !program.utf8.contains(0) else {
      throw IOError(
        .invalid, operation: "start",
        detail: "a program needs a name without NUL, not \(program.debugDescription)")
    }
    if program.utf8.contains(UInt8(ascii: "/")) {
      let failure = reasonAgainst(program, directory)
      guard failure == 0 else { throw IOError(.system, errno: failure, operation: "start", detail: program) }
      return program
    }
    var worst = ENOENT
    for prefix in (path ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false) {
      // An empty one means where the child starts.
      let candidate = prefix.isEmpty ? "./\(program)" : "\(prefix)/\(program)"
      let failure = reasonAgainst(candidate, directory)
      if failure == 0 { return candidate }
      if failure == EACCES { worst = EACCES }
    }
    throw IOError(
      .system, errno: worst, operation: "start", detail: "\(program) (looked for in PATH)")
  }

  /// Why `path` cannot be run as a program; 0 if it can.
  private static func reasonAgainst(_ path: String, _ directory: CInt) -> CInt {
    let directory = directory < 0 ? AT_FDCWD : directory
    var information = stat()
    guard unsafe fstatat(directory, path, &information, 0) == 0 else { return errno }
    // A directory too may be "executed", and answers so to the next question.
    guard information.st_mode & S_IFMT == S_IFREG else { return EACCES }
    return unsafe faccessat(directory, path, X_OK, AT_EACCESS) == 0 ? 0 : errno
  }
}
