import AsyncIO
import Glibc
import Synchronization

/// Files that the tool reads and writes, with errors that name the file.
enum OutputFile {
  /// Writes `bytes` as the whole of the file `path`, or leaves what was there before.
  ///
  /// They are written into a file beside it, which then takes its place: so nobody ever sees a part of them, nor a mixture of two
  /// processes. Where that cannot be they are written in place: into what is no regular file, such as a device, a pipe or a link,
  /// and where the folder takes no other file. What was not made here is never removed.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  static func write(_ bytes: [UInt8], to path: String) throws(IOError) {
    let former = try facts(of: path)
    if former.map({ $0.st_mode & S_IFMT == S_IFREG }) ?? true, let draft = try openDraft(of: path, former) {
      do throws(IOError) {
        try write(bytes, draft.descriptor, path)
        guard unsafe rename(draft.path, path) == 0 else { throw error("rename", path) }
      } catch {
        unsafe unlink(draft.path)
        throw error
      }
    } else {
      let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw error("open", path) }
      try write(bytes, descriptor, path)
    }
  }

  /// What is at `path` itself, also if it is a link; nil if there is nothing.
  private static func facts(of path: String) throws(IOError) -> stat? {
    var facts = stat()
    if unsafe lstat(path, &facts) == 0 { return facts }
    guard errno == ENOENT else { throw error("open", path) }
    return nil
  }

  /// How many files have been begun.
  private static let drafts = Atomic(0)

  /// Makes a file beside `path` that is to take its place; nil if there can be none.
  private static func openDraft(
    of path: String, _ former: stat?
  ) throws(IOError) -> (descriptor: CInt, path: String)? {
    // What must not be written must not be replaced either.
    if former != nil, unsafe access(path, W_OK) != 0 { throw error("open", path) }
    while true {
      let number = drafts.add(1, ordering: .relaxed).newValue
      let draft = "\(path).tmp-\(getpid())-\(number)"
      let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      if descriptor >= 0 {
        if let former { fchmod(descriptor, former.st_mode & 0o7777) }
        return (descriptor, draft)
      }
      // One of a process that had the same number, and was killed.
      if errno == EEXIST { continue }
      guard [EACCES, EPERM, EROFS, ENAMETOOLONG].contains(errno) else { throw error("open", path) }
      return nil
    }
  }

  /// Writes `bytes`, and closes the descriptor.
  private static func write(_ bytes: [UInt8], _ descriptor: CInt, _ path: String) throws(IOError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = error("write", path)
        close(descriptor)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    // A full disk may be told only now.
    guard close(descriptor) == 0 else { throw error("close", path) }
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
