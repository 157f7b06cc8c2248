import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import CAsyncIO
import Glibc
import Testing

@testable import AsyncIOSystem

@Suite(.realTime, .deadline(.seconds(60))) struct StandardStreamTests {
  /// Two ends of something, closed at the end.
  final class Ends: Sendable {
    let reader: CInt
    let writer: CInt

    init(_ reader: CInt, _ writer: CInt) { (self.reader, self.writer) = (reader, writer) }

    static func pipe() throws -> Ends {
      var ends: [CInt] = [-1, -1]
      try #require(unsafe casyncio_child_pipe(&ends) == 0)
      return Ends(ends[0], ends[1])
    }

    static func sockets() throws -> Ends {
      var ends: [CInt] = [-1, -1]
      try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
      return Ends(ends[0], ends[1])
    }

    /// A terminal: what is written to the writer is typed, and the reader is the program's.
    static func terminal() throws -> Ends {
      let controller = unsafe Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (locked, number): (CInt, CInt) = (0, -1)
      // TIOCSPTLCK and TIOCGPTN, which are macros.
      let failure = unsafe ioctl(controller, 0x4004_5431, &locked) | ioctl(controller, 0x8004_5430, &number)
      try #require(failure == 0)
      return Ends(unsafe Glibc.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY), controller)
    }

    deinit {
      close(reader)
      close(writer)
    }

    func write(_ text: String) { _ = unsafe Glibc.write(writer, text, text.utf8.count) }

    func isNonBlocking(_ number: CInt) -> Bool { fcntl(number, F_GETFL) & O_NONBLOCK != 0 }
  }

  @Test(arguments: ["pipe", "sockets", "terminal"])
  func `lines are read as they come, and the mode stays as it is`(_ kind: String) async throws {
    let ends = try kind == "pipe" ? Ends.pipe() : kind == "sockets" ? .sockets() : .terminal()
    let input = StandardInput(ends.reader)
    var lines = input.lines.makeAsyncIterator()
    try await withTaskScope { scope in
      let other = scope.createTask {
        // While the reader waits, others run.
        try await checkpoint()
        ends.write("first\n")
      }
      #expect(try await lines.next() == "first")
      try await other.value
    }
    ends.write("second\n")
    #expect(try await lines.next() == "second")
    #expect(!ends.isNonBlocking(ends.reader))
  }

  @Test func `a terminal's end ends one read`() async throws {
    let ends = try Ends.terminal()
    let input = StandardInput(ends.reader)
    ends.write("abc\n\u{4}")
    #expect(try await input.read(atMost: 100) == Array("abc\n".utf8))
    #expect(try await input.read(atMost: 100) == [])
    ends.write("more\n")
    #expect(try await input.read(atMost: 100) == Array("more\n".utf8))
  }

  @Test func `a pipe's end is one`() async throws {
    var ends: [CInt] = [-1, -1]
    try #require(unsafe casyncio_child_pipe(&ends) == 0)
    let input = StandardInput(ends[0])
    _ = unsafe write(ends[1], "last", 4)
    close(ends[1])
    #expect(try await input.readAll() == Array("last".utf8))
    #expect(try await input.read(atMost: 1) == [])
    close(ends[0])
  }

  @Test func `a file is read from where it is, and others go on where this has stopped`() async throws {
    try await withTemporaryFile { file in
      try await file.write("0123456789")
      let number = unsafe Glibc.open(file.path.string, O_RDONLY)
      defer { close(number) }
      lseek(number, 2, SEEK_SET)
      let input = StandardInput(number)
      #expect(try await input.read(atMost: 3) == Array("234".utf8))
      #expect(lseek(number, 0, SEEK_CUR) == 5)
      #expect(try await input.readAll() == Array("56789".utf8))
    }
  }

  @Test func `devices that cannot be polled are read and written`() async throws {
    let null = unsafe Glibc.open("/dev/null", O_RDWR)
    defer { close(null) }
    #expect(try await StandardInput(null).read(atMost: 10) == [])
    try await StandardOutput(null).write([UInt8](repeating: 0, count: 100_000))
  }

  @Test func `a read can be cancelled and has taken nothing`() async throws {
    let ends = try Ends.pipe()
    let input = StandardInput(ends.reader)
    let task = createTask { try await input.read(atMost: 10) }
    try await checkpoint()
    try await checkpoint()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    ends.write("kept")
    #expect(try await input.read(atMost: 10) == Array("kept".utf8))
  }

  @Test(arguments: ["pipe", "sockets"])
  func `a write waits for a slow reader, and its mode stays as it is`(_ kind: String) async throws {
    let ends = try kind == "pipe" ? Ends.pipe() : Ends.sockets()
    let (output, input) = (StandardOutput(ends.writer), StandardInput(ends.reader))
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try await withTaskScope { scope in
      let write = scope.createTask { try await output.write(bytes[...]) }
      var read: [UInt8] = []
      while read.count < bytes.count { _ = try await input.read(appendingTo: &read, atMost: 65_536) }
      try await write.value
      #expect(read == bytes)
    }
    #expect(!ends.isNonBlocking(ends.writer))
  }

  @Test func `the writes of several tasks do not mix`() async throws {
    let ends = try Ends.pipe()
    let (output, input) = (StandardOutput(ends.writer), StandardInput(ends.reader))
    try await withTaskScope { scope in
      for letter in ["a", "b", "c"] {
        scope.createTask {
          for _ in 0..<10 {
            try await output.write(Array(String(repeating: letter, count: 20_000).utf8 + [10]))
          }
        }
      }
      var lines = input.lines.makeAsyncIterator()
      for _ in 0..<30 {
        let line = try #require(try await lines.next())
        #expect(line.utf8.count == 20_000 && Set(line).count == 1)
      }
    }
  }

  @Test func `a reader that has gone is an error and no signal`() async throws {
    var ends: [CInt] = [-1, -1]
    try #require(unsafe casyncio_child_pipe(&ends) == 0)
    let output = StandardOutput(ends[1])
    try await output.write(Array("x".utf8))
    close(ends[0])
    let error = await #expect(throws: IOError.self) { try await output.write(Array("x".utf8)) }
    #expect(error?.errno == EPIPE)
    // Also where it had gone before the first write.
    let late = await #expect(throws: IOError.self) {
      try await StandardOutput(ends[1]).write(Array("x".utf8))
    }
    #expect(late?.errno == EPIPE)
    close(ends[1])
  }

  @Test func `given up, the other end sees it, and the number stays taken`() async throws {
    let ends = try Ends.pipe()
    let output = StandardOutput(ends.writer)
    try await output.write(Array("x".utf8))
    output.close()
    output.close()
    #expect(output.isClosed)
    let error = await #expect(throws: IOError.self) { try await output.write(Array("x".utf8)) }
    #expect(error?.code == .closed)
    let input = StandardInput(ends.reader)
    #expect(try await input.readAll() == Array("x".utf8))
    #expect(fcntl(ends.writer, F_GETFD) >= 0)
  }

  @Test func `giving the input up ends who waits for it`() async throws {
    let ends = try Ends.pipe()
    let input = StandardInput(ends.reader)
    let task = createTask { try await input.read(atMost: 10) }
    for _ in 0..<3 { try await checkpoint() }
    input.close()
    let error = await #expect(throws: IOError.self) { try await task.value }
    #expect(error?.code == .closed)
  }

  @Test func `what print has buffered comes first`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
      print("printed")
      try await standardOutput.write(Array("written\n".utf8))
      print("again")
    }
    let text = String(decoding: result.standardOutputContent, as: UTF8.self)
    #expect(text.contains("printed\nwritten\nagain\n"))
  }
}
