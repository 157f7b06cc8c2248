import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60))) struct FileTests {
  @Test func `a file is written and read by position`() async throws {
    try await withTemporaryFile { file in
      try await file.write("hello world")
      #expect(try file.position == 11)
      #expect(try file.seek(to: 6) == 6)
      #expect(try await file.read(atMost: 100) == Array("world".utf8))
      #expect(try await file.read(atMost: 100) == [])
      #expect(try file.seek(to: -5, from: .end) == 6)
      #expect(try file.seek(to: 1, from: .position) == 7)
      try await file.write("OR")
      try await file.write(Array("J".utf8), at: 0)
      #expect(try file.position == 9)
      #expect(try await file.read(at: 0, atMost: 100) == Array("Jello wORld".utf8))
      #expect(try await file.read(at: 6, atMost: 3) == Array("wOR".utf8))
      #expect(try await file.read(at: 100, atMost: 3) == [])
      try await file.truncate(to: 5)
      #expect(try await file.info().size == 5)
      try await file.synchronize()
      let error = #expect(throws: IOError.self) { try file.seek(to: -1) }
      #expect(error?.errno == EINVAL && error?.detail == file.path.string)
    }
  }

  @Test func `modes are those of open`() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("file")
      var error = await #expect(throws: IOError.self) { try await withFile(path) { _ in } }
      #expect(error?.errno == ENOENT)
      error = await #expect(throws: IOError.self) { try await withFile(path, .update) { _ in } }
      #expect(error?.errno == ENOENT)
      try await withFile(path, .createNew) { try await $0.write("abc") }
      error = await #expect(throws: IOError.self) { try await withFile(path, .createNew) { _ in } }
      #expect(error?.errno == EEXIST)
      try await withFile(path, .append) { file in
        try file.seek(to: 0)
        try await file.write("d")
      }
      try await withFile(path, .update) { file in
        #expect(try await file.read(atMost: 1) == Array("a".utf8))
        try await file.write("B")
      }
      #expect(try await FileSystem.readText(path) == "aBcd")
      try await withFile(path, .read) { file in
        error = await #expect(throws: IOError.self) { try await file.write("x") }
        #expect(error?.errno == EBADF)
      }
      try await withFile(path, .write) { _ in }
      #expect(try await FileSystem.info(path).size == 0)
    }
  }

  @Test func `lines are given without their ends, however they fall`() async throws {
    try await withTemporaryFile { file in
      let lines = (0..<20_000).map { "line \($0) " + String(repeating: "x", count: $0 % 97) }
      try await file.write(lines.joined(separator: "\n"))
      try file.seek(to: 0)
      var read: [String] = []
      for try await line in file.lines { read.append(line) }
      #expect(read == lines)
    }
    try await withTemporaryFile { file in
      try await file.write("\n\r\na\r\nb\rc\n")
      try file.seek(to: 0)
      var read: [String] = []
      for try await line in file.lines { read.append(line) }
      #expect(read == ["", "", "a", "b\rc"])
    }
  }

  @Test func `a line that is too long is an error, and stays where it is`() async throws {
    try await withTemporaryFile { file in
      try await file.write("short\n123456789\nend\n")
      try file.seek(to: 0)
      var lines = file.lines(maximum: 6).makeAsyncIterator()
      #expect(try await lines.next() == "short")
      for _ in 0..<2 {
        let error = await #expect(throws: IOError.self) { try await lines.next() }
        #expect(error?.code == .overLimit)
      }
    }
  }

  @Test func `closed, it refuses, also who is under way on a thread`() async throws {
    let file = try await withTemporaryFile { file in
      #expect(!file.isClosed)
      return file
    }
    #expect(file.isClosed)
    let error = await #expect(throws: IOError.self) { try await file.read(atMost: 1) }
    #expect(error?.code == .closed && error?.detail == file.path.string)
    #expect(throws: IOError.self) { try file.position }
    file.close()
  }

  @Test func `a number is not closed under who uses it`() async throws {
    let file = try await File.open("/dev/null")
    try await file.withDescriptor { number in
      file.close()
      #expect(fcntl(number, F_GETFD) >= 0)
      await #expect(throws: IOError.self) { try await file.withDescriptor { _ in } }
    }
  }

  @Test func `two tasks get different parts`() async throws {
    try await withTemporaryFile { file in
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 1000) }
      try await file.write(bytes)
      try file.seek(to: 0)
      let parts = try await gather(0..<4) { _ in
        var part: [UInt8] = []
        while try await file.read(appendingTo: &part, atMost: 1000) > 0 {}
        return part
      }
      #expect(parts.flatMap { $0 }.sorted() == bytes)
    }
  }

  @Test func `reading does not keep others from running`() async throws {
    try await withTemporaryFile { file in
      try await file.write([UInt8](repeating: 0, count: 1000))
      let turns = Locked(0)
      let other = createTask { while true { turns.value += 1; try await checkpoint() } }
      for _ in 0..<100 { _ = try await FileSystem.read(file.path) }
      #expect(turns.value >= 100)
      other.cancel()
    }
  }
}
