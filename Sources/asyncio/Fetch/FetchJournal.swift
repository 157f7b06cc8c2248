// What a run has finished, so that another one goes on where it was ended, however that was.
//
// A line is written with one system call, after the body was saved and before the result is printed. So after a kill a URL is
// either in the journal, with its body saved, or it is fetched again; what was under way is all that is. A line that was cut,
// as by a full disk, has no end, does not count, and is removed.

import AsyncIO
import Glibc

/// A file with the result of each URL that a run has finished.
final class FetchJournal: Sendable {
  private let descriptor: CInt
  private let path: String
  /// How often each URL is in the journal already.
  let finished: [String: Int]

  /// Opens a journal, or makes an empty one.
  ///
  /// - Throws: `IOError`, as when the folder is missing.
  init(path: String) throws(IOError) {
    self.path = path
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw IOError(.system, errno: errno, operation: "open", detail: path) }
    let text = try OutputFile.read(path)
    finished = Self.finished(in: text)
    let whole =
      text.utf8.lastIndex(of: UInt8(ascii: "\n")).map {
        text.utf8.distance(from: text.startIndex, to: $0) + 1
      } ?? 0
    guard ftruncate(descriptor, whole) == 0 else {
      throw IOError(.system, errno: errno, operation: "ftruncate", detail: path)
    }
  }

  deinit { close(descriptor) }

  /// Adds a line.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  func append(_ line: String) throws(IOError) {
    let bytes = Array((line + "\n").utf8)
    let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    guard count == bytes.count else {
      throw IOError(.system, errno: count < 0 ? errno : ENOSPC, operation: "write", detail: path)
    }
  }

  /// How often each URL stands in a journal.
  static func finished(in text: String) -> [String: Int] {
    var finished: [String: Int] = [:]
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
      if let url = JSONText.member("url", of: Substring(line)) { finished[url, default: 0] += 1 }
    }
    return finished
  }
}
