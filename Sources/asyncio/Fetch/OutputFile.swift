import AsyncIO
import Glibc

/// Files that the tool reads and writes, with errors that name the file.
enum OutputFile {
  /// Writes `bytes` as the whole of the file `path`; what cannot be written whole is removed again.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  static func write(_ bytes: [UInt8], to path: String) throws(IOError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw error("open", path) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = error("write", path)
        close(descriptor)
        unsafe unlink(path)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    // A full disk may be told only now.
    guard close(descriptor) == 0 else {
      let failure = error("close", path)
      unsafe unlink(path)
      throw failure
    }
  }

  /// Makes the folder `path` and those above it, where they are missing.
  ///
  /// - Throws: `IOError`, as when a file of that name is in the way.
  static func makeFolder(_ path: String) throws(IOError) {
    var partial = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      partial += partial.isEmpty && part.isEmpty ? "/" : part + "/"
      if unsafe mkdir(partial, 0o755) != 0, errno != EEXIST, errno != EISDIR { throw error("mkdir", path) }
    }
    var facts = stat()
    guard unsafe stat(path, &facts) == 0 else { throw error("mkdir", path) }
    guard facts.st_mode & S_IFMT == S_IFDIR else {
      throw IOError(.system, errno: ENOTDIR, operation: "mkdir", detail: path)
    }
  }

  /// The text of the file `path`, or of standard input for `-`.
  ///
  /// - Throws: `IOError`, as when the file is missing.
  static func read(_ path: String) throws(IOError) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
  }

  /// The bytes of the file `path`, or of standard input for `-`.
  ///
  /// - Throws: `IOError`, as when the file is missing.
  static func readBytes(_ path: String) throws(IOError) -> [UInt8] {
    let isStandardInput = path == "-"
    let descriptor = isStandardInput ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error("open", path) }
    defer { if !isStandardInput { close(descriptor) } }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw error("read", path) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }

  private static func error(_ operation: String, _ path: String) -> IOError {
    IOError(.system, errno: errno, operation: operation, detail: path)
  }
}
