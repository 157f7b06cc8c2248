// What a run has finished, so that another one goes on where it was ended, however that was.
//
// A line is written with one system call, after the body was saved and before the result is printed. So after a kill a URL is
// either in the journal, with its body saved, or it is fetched again; what was under way is all that is.

import AsyncIO

/// A file with the result of each URL that a run has finished.
final class FetchJournal: Sendable {
  private let file: JournalFile
  /// How often each URL is in the journal already.
  let finished: [String: Int]

  /// Opens a journal, or makes an empty one.
  ///
  /// - Throws: `IOError`, as when the folder is missing, or another run has the file.
  init(path: String) throws(IOError) {
    file = try JournalFile(path: path)
    var finished: [String: Int] = [:]
    try file.forEachLine { _, line in Self.count(line, in: &finished) }
    self.finished = finished
  }

  /// Adds a line.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  func append(_ line: String) throws(IOError) { try file.append(line + "\n") }

  /// How often each URL stands in a journal.
  static func finished(in text: String) -> [String: Int] {
    var finished: [String: Int] = [:]
    for line in Array(text.utf8).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .dropLast()
    {
      count(line, in: &finished)
    }
    return finished
  }

  private static func count(_ line: ArraySlice<UInt8>, in finished: inout [String: Int]) {
    let text = String(decoding: line, as: UTF8.self)
    if let url = JSONText.member("url", of: text[...]) { finished[url, default: 0] += 1 }
  }
}
