import ArgumentParser
import AsyncIO
import Glibc

/// A file that a command writes when all is done.
enum Destination {
  /// Makes sure that options which name files or folders do.
  ///
  /// - Throws: `ValidationError`, for the first that does not.
  static func checkNames(_ options: [(name: String, value: String?)]) throws {
    if let option = options.first(where: { $0.value == "" }) {
      throw ValidationError("'\(option.name)' needs a name.")
    }
  }

  /// Makes sure, before the work is done, that a file can be written when it is; the file is left as it is.
  ///
  /// - Throws: `IOError`, as when the folder is missing.
  static func check(_ path: String) throws(IOError) {
    var facts = stat()
    guard unsafe stat(path, &facts) != 0 else {
      guard facts.st_mode & S_IFMT != S_IFDIR else { throw error(EISDIR, path) }
      guard unsafe access(path, W_OK) == 0 else { throw error(errno, path) }
      return
    }
    guard errno == ENOENT else { throw error(errno, path) }
    let end = path.lastIndex(of: "/")
    let folder = end.map { path[...$0] } ?? "."
    guard unsafe access(String(folder), W_OK | X_OK) == 0 else { throw error(errno, path) }
  }

  private static func error(_ code: CInt, _ path: String) -> IOError {
    IOError(.system, errno: code, operation: "open", detail: path)
  }
}
