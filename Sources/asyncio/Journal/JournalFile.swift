// A file of lines that outlives the process that writes it.
//
// Each `append` is one system call, so that a kill leaves whole lines behind, but for the last one perhaps: what has no end does
// not count, and is removed when the file is opened again. What a full disk takes a piece of is removed at once, so that no line
// ever stands behind a piece of another one. Lines never change, so that one can be read back by where it begins
// while others are added. Two processes would cut each other's lines: the file is locked as long as it is open.

import AsyncIO
import Glibc
import Synchronization

/// A file to which lines are added, and from which they are read back.
final class JournalFile: Sendable {
  private let descriptor: CInt
  private let path: String
  /// How long the file is.
  private let end: Mutex<Int>

  /// How much is read at once.
  private static let readSize = 64 * 1024
  /// How much is read at first where one line is wanted; most are shorter.
  private static let lineSize = 512

  /// Opens a journal, or makes an empty one.
  ///
  /// - Parameter path: Where it is; nil for a file that nobody else sees, and that is gone with the process.
  /// - Throws: `IOError`, as when the folder is missing, or another run has the file.
  init(path: String?) throws(IOError) {
    self.path = path ?? "a temporary file"
    descriptor = try Self.open(path)
    end = Mutex(0)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw error("lock", detail: "\(self.path), which another run is using")
    }
    var whole = 0
    try forEachLine { offset, line in whole = offset + line.count + 1 }
    guard ftruncate(descriptor, whole) == 0 else { throw error("ftruncate") }
    end.withLock { $0 = whole }
  }

  deinit { close(descriptor) }

  /// Adds lines, all of them or none.
  ///
  /// - Parameter lines: Whole lines, each with its end.
  /// - Returns: Where the first of them begins.
  /// - Throws: `IOError`, as when the disk is full.
  @discardableResult
  func append(_ lines: String) throws(IOError) -> Int {
    let bytes = Array(lines.utf8)
    // Written with the lock held: of two threads, each would take the place of the other's lines for its own.
    let (start, failure) = end.withLock { end -> (Int, CInt?) in
      if let failure = write(bytes, at: end) {
        // Only ever makes the file shorter, for which a disk needs no room.
        _ = ftruncate(descriptor, end)
        return (end, failure)
      }
      defer { end += bytes.count }
      return (end, nil)
    }
    if let failure { throw error("write", errno: failure) }
    return start
  }

  /// - Returns: What has kept some of the bytes from being written; nil if all were.
  private func write(_ bytes: [UInt8], at offset: Int) -> CInt? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let place = offset + rest.startIndex
      // The bytes live until the closure returns.
      let count = unsafe rest.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, place) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count < 0 ? errno : ENOSPC }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  /// The line that begins at `offset`, without its end.
  ///
  /// - Throws: `IOError`, as when the disk fails.
  func line(at offset: Int) throws(IOError) -> [UInt8] {
    var size = Self.lineSize
    while true {
      let bytes = try read(size, at: offset)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return Array(bytes[..<end]) }
      guard bytes.count == size else { throw error("read", errno: EIO) }
      size *= 4
    }
  }

  /// Calls `body` with each line, without its end, and with where it begins.
  ///
  /// - Throws: `IOError`, as when the disk fails.
  func forEachLine(_ body: (_ offset: Int, _ line: ArraySlice<UInt8>) -> Void) throws(IOError) {
    var rest: [UInt8] = []
    var start = 0
    while true {
      let piece = try read(Self.readSize, at: start + rest.count)
      if piece.isEmpty { return }
      rest += piece
      var lineStart = 0
      while let end = rest[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
        body(start + lineStart, rest[lineStart..<end])
        lineStart = end + 1
      }
      rest.removeSubrange(..<lineStart)
      start += lineStart
    }
  }

  private func read(_ size: Int, at offset: Int) throws(IOError) -> [UInt8] {
    var failure: CInt = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var result = -1
      repeat {
        // At most `size` bytes are written, for which the array has room.
        result = unsafe pread(descriptor, buffer.baseAddress, size, offset)
      } while result < 0 && errno == EINTR
      if result < 0 { failure = errno }
      count = max(result, 0)
    }
    guard failure == 0 else { throw error("read", errno: failure) }
    return bytes
  }

  private static func open(_ path: String?) throws(IOError) -> CInt {
    if let path {
      let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw IOError(.system, errno: errno, operation: "open", detail: path)
      }
      return descriptor
    }
    var template = Array("/tmp/asyncio-XXXXXX".utf8CString)
    // The template ends with a zero; the name that is written into it is no longer.
    let descriptor = unsafe template.withUnsafeMutableBufferPointer { name -> CInt in
      guard let base = name.baseAddress else { return -1 }
      let descriptor = unsafe mkstemp(base)
      if descriptor >= 0 { unsafe unlink(base) }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      return descriptor
    }
    guard descriptor >= 0 else {
      throw IOError(.system, errno: errno, operation: "open", detail: "a temporary file in /tmp")
    }
    return descriptor
  }

  private func error(_ operation: String, errno code: CInt = errno, detail: String? = nil) -> IOError {
    IOError(.system, errno: code, operation: operation, detail: detail ?? path)
  }
}
