import AsyncIO
import Glibc
import Testing

@testable import asyncio

@Suite struct JournalFileTests {
  /// Calls `body` with the path of a file that is not there yet.
  static func withPath<Result>(_ body: (String) async throws -> Result) async rethrows -> Result {
    let path = "/tmp/asyncio-journal-\(UInt64.random(in: .min ... .max))"
    defer { unsafe unlink(path) }
    return try await body(path)
  }

  private func lines(of file: JournalFile) throws -> [String] {
    var lines: [String] = []
    try file.forEachLine { _, line in lines.append(String(decoding: line, as: UTF8.self)) }
    return lines
  }

  @Test func `lines are read back where they were said to begin`() throws {
    let file = try JournalFile(path: nil)
    let long = String(repeating: "é", count: 50_000)
    let offsets = try ["a\n", "\n", long + "\n", "b\nc\n"].map { try file.append($0) }
    #expect(offsets == [0, 2, 3, 3 + 100_001])
    #expect(try lines(of: file) == ["a", "", long, "b", "c"])
    #expect(try file.line(at: offsets[2]) == Array(long.utf8))
    #expect(try file.line(at: offsets[3]) == Array("b".utf8))
    #expect(file.length == 3 + 100_001 + 4)
  }

  @Test func `a piece without an end is removed, and what comes later is whole`() async throws {
    try await Self.withPath { path in
      try OutputFile.write(Array("whole\ncut".utf8), to: path)
      do {
        let file = try JournalFile(path: path)
        #expect(try lines(of: file) == ["whole"])
        #expect(try file.append("next\n") == 6)
      }
      #expect(try lines(of: try JournalFile(path: path)) == ["whole", "next"])
    }
  }

  @Test func `two runs cannot have one journal`() async throws {
    try await Self.withPath { path in
      let first = try JournalFile(path: path)
      #expect(throws: IOError.self) { try JournalFile(path: path) }
      try first.append("still\n")
      #expect(try lines(of: first) == ["still"])
    }
  }
}
