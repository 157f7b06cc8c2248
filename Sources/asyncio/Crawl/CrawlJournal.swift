// The journal of a crawl is its queue too. What a page has led to is written before the page's own line, in one system call; what
// is still to be fetched is what was found and has no line of its own. Hence:
//
// - Memory holds for each URL that is to be fetched where its line begins, and for each that is known a few bytes; texts are in
//   the file.
// - After a kill nothing is lost: either a page has its line, and then all that it links to has one, or it is fetched again.
//   What was under way is all that is.

import AsyncIO
import AsyncIOHTTP

/// A file with all that a crawl has found and fetched, in its order.
final class CrawlJournal: Sendable {
  private let file: JournalFile

  /// Opens a journal, or makes an empty one.
  ///
  /// - Parameter path: Where it is; nil for a temporary one.
  /// - Throws: `IOError`, as when the folder is missing, or another run has the file.
  init(path: String?) throws(IOError) { file = try JournalFile(path: path) }

  /// Adds what was found, and then what was dealt with, such as the page on which it was.
  ///
  /// - Returns: Where the entries' lines begin.
  /// - Throws: `IOError`, as when the disk is full.
  @discardableResult
  func append(_ found: [CrawlEntry], _ results: [CrawlResult] = []) throws(IOError) -> [Int] {
    var lines = ""
    var offsets: [Int] = []
    offsets.reserveCapacity(found.count)
    for entry in found {
      offsets.append(lines.utf8.count)
      lines += entry.journalLine + "\n"
    }
    for result in results { lines += result.journalLine + "\n" }
    if lines.isEmpty { return [] }
    let start = try file.append(lines)
    return offsets.map { start + $0 }
  }

  /// Takes note that there are more URLs of a shape than are fetched.
  ///
  /// - Throws: `IOError`, as when the disk is full.
  func append(trap shape: String) throws(IOError) {
    try file.append(JSONText.object([("alike", .string(shape))]) + "\n")
  }

  /// The entry whose line begins at `offset`.
  ///
  /// - Throws: `IOError` if the file was changed by somebody else.
  func entry(at offset: Int) throws(IOError) -> CrawlEntry {
    guard let line = JSONLine(try file.line(at: offset)), let entry = CrawlEntry(line) else {
      throw IOError(.system, errno: 5, operation: "read", detail: "the journal, which somebody has changed")
    }
    return entry
  }

  /// What a line says.
  enum Line {
    /// A URL was found; its line begins here.
    case found(CrawlEntry, offset: Int)
    /// A URL was dealt with.
    case finished(CrawlResult)
    /// There are too many URLs of a shape.
    case alike(String)
  }

  /// Calls `body` with what each line says; lines that say nothing known are passed over.
  ///
  /// - Throws: `IOError`, as when the disk fails.
  func forEach(_ body: (Line) -> Void) throws(IOError) {
    try file.forEachLine { offset, bytes in
      guard let line = JSONLine(bytes) else { return }
      if let entry = CrawlEntry(line) {
        body(.found(entry, offset: offset))
      } else if let result = CrawlResult(line) {
        body(.finished(result))
      } else if let shape = line.string("alike") {
        body(.alike(shape))
      }
    }
  }
}
