import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .closesDescriptors) struct PipeStreamsTests {
  @Test func `a terminal is read line by line and written`() async throws {
    let (outer, inner) = try terminal()
    let program = (try PipeReader(adopting: dup(inner)), try PipeWriter(adopting: inner))
    let user = (try PipeReader(adopting: dup(outer)), try PipeWriter(adopting: outer))
    try await user.1.write("one\ntwo\n")
    #expect(try await program.0.read(atMost: 100) == Array("one\n".utf8))
    #expect(try await program.0.read(atMost: 100) == Array("two\n".utf8))
    try await program.1.write("answer")
    var seen: [UInt8] = []
    while !String(decoding: seen, as: UTF8.self).hasSuffix("answer") {
      _ = try await user.0.read(appendingTo: &seen, atMost: 100)
    }
    // The program's end of the terminal goes: the user's side says so with an error of its own.
    program.0.close()
    program.1.close()
    let error = await #expect(throws: IOError.self) { try await user.0.read(atMost: 100) }
    #expect(error?.errno == EIO)
    user.0.close()
    user.1.close()
  }

  private func terminal() throws -> (CInt, CInt) {
    let outer = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // Unlocks the inner side, and asks for its number: TIOCSPTLCK and TIOCGPTN of Linux.
    var (locked, number): (CInt, CUnsignedInt) = (0, 0)
    #expect(unsafe ioctl(outer, 0x4004_5431, &locked) == 0)
    #expect(unsafe ioctl(outer, 0x8004_5430, &number) == 0)
    return (outer, unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC))
  }

  @Test func `a named pipe is read and written`() async throws {
    let path = "/tmp/swift-asyncio-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    #expect(unsafe mkfifo(path, 0o600) == 0)
    defer { unsafe unlink(path) }
    let reader = try PipeReader(adopting: unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
    let writer = try PipeWriter(adopting: unsafe open(path, O_WRONLY | O_CLOEXEC))
    try await writer.write([1, 2])
    #expect(try await reader.read(atMost: 10) == [1, 2])
    // What was not read does not keep it from being closed.
    try await writer.write([3])
    writer.close()
    #expect(try await reader.read(atMost: 10) == [3])
    #expect(try await reader.read(atMost: 10).isEmpty)
    reader.close()
  }

  @Test func `a regular file is refused, and closed`() async throws {
    let number = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    let error = #expect(throws: IOError.self) { try PipeReader(adopting: number) }
    #expect(error?.errno == EPERM)
    let closed = #expect(throws: IOError.self) { try PipeWriter(adopting: -1) }
    #expect(closed?.errno == EBADF)
  }

  @Test func `sockets can be read and written as pipes`() async throws {
    var pair: [CInt] = [-1, -1]
    #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
    let (reader, writer) = (try PipeReader(adopting: pair[0]), try PipeWriter(adopting: pair[1]))
    try await writer.write([1])
    #expect(try await reader.read(atMost: 10) == [1])
    writer.close()
    #expect(try await reader.read(atMost: 10).isEmpty)
    reader.close()
  }

  @Test func `a writer that waits sees that the reader has gone`() async throws {
    let (reader, writer) = try makePipe()
    let writing = Task { try await writer.write(plenty) }
    await settle()
    reader.close()
    let error = await #expect(throws: IOError.self) { try await writing.value }
    #expect(error?.errno == EPIPE)
    writer.close()
  }
}
