// What a run has finished, so that another one goes on where it was ended, however that was.
//
// A line is written with one system call, after the body was saved and before the result is printed. So after a kill a URL is
// either in the journal, with its body saved, or it is fetched again; what was under way is all that is.

import AsyncIO

/// A file with the result of each URL that a run has finished.
final class FetchJournal: Sendable {
  /// What a journal says of a URL.
  struct Earlier: Sendable, Equatable {
    /// How often it was fetched with a status below 400.
    var ok = 0
    /// What went wrong each time that it was not.
    var problems: [String] = []

    /// Takes one of its results; nil if there is none left.
    ///
    /// - Returns: What went wrong; empty if nothing did.
    mutating func takeProblem() -> String? {
      if let problem = problems.popLast() { return problem }
      guard ok > 0 else { return nil }
      ok -= 1
      return ""
    }
  }

  private let file: JournalFile
  /// What is in the journal already.
  let finished: [String: Earlier]
  /// The names of the files with bodies, without their folders.
  let files: [String]

  /// Opens a journal, or makes an empty one.
  ///
  /// - Throws: `IOError`, as when the folder is missing, or another run has the file.
  init(path: String) throws(IOError) {
    file = try JournalFile(path: path)
    var finished: [String: Earlier] = [:]
    var files: [String] = []
    try file.forEachLine { _, line in
      guard let line = JSONLine(line), let result = FetchResult(line) else { return }
      if result.isOK {
        finished[result.url, default: Earlier()].ok += 1
      } else {
        finished[result.url, default: Earlier()].problems.append(result.problem)
      }
      if let name = result.file?.split(separator: "/").last { files.append(String(name)) }
    }
    self.finished = finished
    self.files = files
  }

  /// Adds a result.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  func append(_ result: FetchResult) throws(IOError) { try file.append(result.jsonLine + "\n") }
}

extension FetchResult {
  /// What `jsonLine` has written of a URL that was finished; nil for any other line.
  fileprivate init?(_ line: JSONLine) {
    guard let url = line.string("url") else { return nil }
    let status = line.integer("status")
    let outcome =
      line.string("error").map { Outcome.failed($0, status: status) } ?? status.map { .fetched(status: $0) }
    guard let outcome else { return nil }
    self.init(url, outcome, file: line.string("file"))
  }
}
