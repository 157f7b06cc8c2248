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
          try journal.append(FetchResult(url, .fetched(status: 200), bytes: 3))
        }
      }
      let again = try FetchJournal(path: path)
      #expect(
        again.finished.mapValues(\.ok) == [
          "http://h/": 2, Self.urls[1]: 1, Self.urls[2]: 1, "": 1, "x\ny": 1,
        ])
      #expect(again.finished.values.allSatisfy { $0.problems.isEmpty })
    }
  }

  @Test func `what went wrong is kept, and where bodies are`() throws {
    try withPath { path in
      do {
        let journal = try FetchJournal(path: path)
        try journal.append(FetchResult("http://h/a", .fetched(status: 200), file: "x/y/h_a"))
        try journal.append(FetchResult("http://h/a", .fetched(status: 404), file: "h_a-2"))
        try journal.append(FetchResult("http://h/b", .failed("reset", status: 200)))
      }
      let again = try FetchJournal(path: path)
      #expect(
        again.finished == [
          "http://h/a": FetchJournal.Earlier(ok: 1, problems: ["HTTP status 404"]),
          "http://h/b": FetchJournal.Earlier(problems: ["reset"]),
        ])
      #expect(again.files == ["h_a", "h_a-2"])
      var earlier = again.finished["http://h/a"]
      let problems = (0..<3).map { _ in earlier?.takeProblem() }
      #expect(problems == ["HTTP status 404", "", nil])
    }
  }

  @Test func `a line that was cut does not count, wherever it was cut`() throws {
    let failed = FetchResult("http://h/b", .failed("x\"}"))
    let line = failed.jsonLine
    let a = ["http://h/a": FetchJournal.Earlier(problems: ["HTTP status 404"])]
    let b = ["http://h/b": FetchJournal.Earlier(problems: ["x\"}"])]
    for length in 0..<line.utf8.count {
      try withPath { path in
        let whole = FetchResult("http://h/a", .fetched(status: 404)).jsonLine
        try OutputFile.write(Array((whole + "\n").utf8) + Array(line.utf8.prefix(length)), to: path)
        #expect(try FetchJournal(path: path).finished == a)
        // Lines that come later are whole.
        try FetchJournal(path: path).append(failed)
        #expect(try FetchJournal(path: path).finished == a.merging(b) { $1 })
      }
    }
  }

  @Test func `other lines are passed over`() throws {
    let text = """

      {}
      {"URL":"a","status":200}
      nonsense
      {"url":"b
      {"url":"c","status":200}
      {"url":"d"}

      """
    try withPath { path in
      try OutputFile.write(Array(text.utf8), to: path)
      #expect(try FetchJournal(path: path).finished == ["c": FetchJournal.Earlier(ok: 1)])
    }
  }

  @Test func `a journal that cannot be is an error`() {
    #expect(throws: IOError.self) { try FetchJournal(path: "/nowhere/at/all") }
  }
}
