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

  @Test func `of a line that does not fit nothing stays, and the next one is where it is said to be`() async {
    // In a process of its own, as the limit is for all of a process.
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 10, rlim_max: 1000)
      // The kernel reads one limit.
      try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let file = try JournalFile(path: nil)
      #expect(try file.append("whole\n") == 0)
      #expect(throws: IOError.self) { try file.append("too long\n") }
      #expect(try file.append("fit\n") == 6)
      #expect(throws: IOError.self) { try file.append("x\n") }
      limit.rlim_cur = 1000
      try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #expect(try file.append("more\n") == 10)
      var lines: [String] = []
      try file.forEachLine { _, line in lines.append(String(decoding: line, as: UTF8.self)) }
      #expect(lines == ["whole", "fit", "more"])
      #expect(try file.line(at: 10) == Array("more".utf8))
    }
  }

  @Test func `lines of many threads are where they are said to be`() async throws {
    let file = try JournalFile(path: nil)
    let places = await withTaskGroup(of: [(Int, String)].self) { group in
      for writer in 0..<4 {
        group.addTask {
          (0..<200).map { number in
            let line = String(repeating: "\(writer)", count: number % 17 + 1)
            return ((try? file.append(line + "\n")) ?? -1, line)
          }
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    for (place, line) in places { #expect(try file.line(at: place) == Array(line.utf8)) }
  }
}
