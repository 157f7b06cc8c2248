import AsyncIO
import Glibc
import Testing

@testable import asyncio

@Suite struct FetchJournalTests {
  private func withPath<Result>(_ body: (String) throws -> Result) rethrows -> Result {
    let path = "/tmp/asyncio-journal-\(UInt64.random(in: .min ... .max))"
    defer { unsafe unlink(path) }
    return try body(path)
  }

  private static let urls = ["http://h/", "http://h/a?\"b\"\\c", "http://h/é\u{1F600}\u{7}", "", "x\ny"]

  @Test func `what was noted is finished, as often as it was`() throws {
    try withPath { path in
      do {
        let journal = try FetchJournal(path: path)
        #expect(journal.finished.isEmpty)
        for url in Self.urls + [Self.urls[0]] {
          try journal.append(FetchResult(url, .fetched(status: 200), bytes: 3).jsonLine)
        }
      }
      let again = try FetchJournal(path: path)
      #expect(again.finished == ["http://h/": 2, Self.urls[1]: 1, Self.urls[2]: 1, "": 1, "x\ny": 1])
    }
  }

  @Test func `a line that was cut does not count, wherever it was cut`() throws {
    let line = FetchResult("http://h/b", .failed("x\"}")).jsonLine
    for length in 0..<line.utf8.count {
      try withPath { path in
        let whole = FetchResult("http://h/a", .fetched(status: 404)).jsonLine
        try OutputFile.write(Array((whole + "\n").utf8) + Array(line.utf8.prefix(length)), to: path)
        #expect(try FetchJournal(path: path).finished == ["http://h/a": 1])
        // Lines that come later are whole.
        try FetchJournal(path: path).append(line)
        #expect(try FetchJournal(path: path).finished == ["http://h/a": 1, "http://h/b": 1])
      }
    }
  }

  @Test func `other lines are passed over`() {
    #expect(
      FetchJournal.finished(in: "\n{}\n{\"URL\":\"a\"}\nnonsense\n{\"url\":\"b\n{\"url\":\"c\"}\n") == [
        "c": 1
      ])
  }

  @Test func `a journal that cannot be is an error`() {
    #expect(throws: IOError.self) { try FetchJournal(path: "/nowhere/at/all") }
  }
}
