import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60)), .closesDescriptors) struct SendFileTests {
  /// A file with a pattern, which is gone when this is.
  private final class File: Sendable {
    let path = "/tmp/swift-asyncio-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let number: CInt

    init(_ count: Int) {
      number = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
      let bytes = pattern(count)
      let written = unsafe bytes.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
      precondition(written == count, "the file could not be written")
    }

    deinit {
      unsafe unlink(path)
      close(number)
    }
  }

  private func send<Stream: ByteStream>(
    _ ends: (Stream, Stream), _ body: (Stream) async throws -> Void
  ) async throws -> [UInt8] {
    let reading = Task { try await ends.1.readToEnd() }
    try await body(ends.0)
    await ends.0.close()
    return try await reading.value
  }

  @Test func `a whole file, to every kind of stream`() async throws {
    let file = File(3_000_000)
    let tcp = try await Connection()
    let received = [
      try await send((tcp.client, tcp.server)) { try await sendAll(file, to: $0) },
      try await send(UnixStream.pair()) { try await sendAll(file, to: $0) },
      try await send(MemoryStream.pair()) { try await sendAll(file, to: $0) },
    ]
    for bytes in received { #expect(bytes == pattern(3_000_000)) }
  }

  private func sendAll(_ file: File, to stream: some WritableByteStream) async throws {
    #expect(try await stream.sendFile(path: file.path) == 3_000_000)
  }

  @Test func `a part of a file, whose own position stays`() async throws {
    let file = File(1000)
    #expect(lseek(file.number, 17, SEEK_SET) == 17)
    for bytes in [
      try await send(UnixStream.pair()) { try await sendParts(file, to: $0) },
      try await send(MemoryStream.pair()) { try await sendParts(file, to: $0) },
    ] {
      #expect(bytes == Array(pattern(1000)[100..<400] + pattern(1000)[990...]))
      #expect(lseek(file.number, 0, SEEK_CUR) == 17)
    }
  }

  private func sendParts(_ file: File, to stream: some WritableByteStream) async throws {
    var offset = 100
    #expect(try await stream.sendFile(file.number, from: &offset, count: 300) == 300)
    #expect(offset == 400)
    #expect(try await stream.sendFile(file.number, from: &offset, count: 0) == 0)
    offset = 990
    #expect(try await stream.sendFile(file.number, from: &offset, count: 100) == 10)
    #expect(offset == 1000)
    offset = 5000
    #expect(try await stream.sendFile(file.number, from: &offset, count: nil) == 0)
  }

  @Test func `what the system cannot send by itself is read`() async throws {
    var numbers: [CInt] = [-1, -1]
    #expect(unsafe pipe(&numbers) == 0)
    unsafe write(numbers[1], "from a pipe", 11)
    close(numbers[1])
    let source = numbers[0]
    defer { close(source) }
    let bytes = try await send(UnixStream.pair()) { stream in
      var offset = 0
      let sent = try await stream.sendFile(source, from: &offset)
      #expect(sent == 11)
    }
    #expect(bytes == Array("from a pipe".utf8))
  }

  @Test func `cancelled, it says how far it came, and can go on from there`() async throws {
    let file = File(1 << 24)
    let ends = try await Connection()
    let sending = Task { () -> Int in
      var offset = 0
      await #expect(throws: CancellationError.self) {
        try await ends.client.sendFile(file.number, from: &offset)
      }
      return offset
    }
    await settle()
    sending.cancel()
    var offset = await sending.value
    #expect(offset > 0 && offset < 1 << 24)
    let reading = Task { try await ends.server.readToEnd() }
    try await ends.client.sendFile(file.number, from: &offset)
    ends.client.close()
    #expect(try await reading.value == pattern(1 << 24))
  }

  @Test func `closed before or meanwhile, and a peer that has gone, end it`() async throws {
    let file = File(1 << 24)
    let ends = try await Connection()
    let sending = Task { try await ends.client.sendFile(path: file.path) }
    try await sleep(for: .milliseconds(20))
    ends.client.close()
    await #expect(throws: IOError(.closed, operation: "sendfile")) { try await sending.value }
    var offset = 0
    await #expect(throws: IOError(.closed, operation: "sendfile")) {
      try await ends.client.sendFile(file.number, from: &offset)
    }
    #expect(offset == 0)

    let others = try await Connection()
    others.server.abort()
    let error = await #expect(throws: IOError.self) { try await others.client.sendFile(path: file.path) }
    #expect(error?.isDisconnection == true)
  }

  @Test func `a file that is not there is named`() async throws {
    let (stream, _) = try UnixStream.pair()
    let error = await #expect(throws: IOError.self) { try await stream.sendFile(path: "/nowhere") }
    #expect(error?.description == "open /nowhere: No such file or directory")
  }

  @Test func `a peer that has gone raises no signal, for files, pipes and sockets`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      signal(SIGPIPE, SIG_DFL)
      try await onVirtualLoop {
        let (one, other) = try UnixStream.pair()
        other.close()
        await #expect(throws: IOError.self) { try await one.write([1]) }
        await #expect(throws: IOError.self) { try await one.write(parts: [[1], [2]]) }
        await #expect(throws: IOError.self) { try await one.write([1], passing: [0]) }
        await #expect(throws: IOError.self) { try await one.sendFile(path: "/proc/self/exe") }
        let pipe = try makePipe()
        pipe.reader.close()
        let error = await #expect(throws: IOError.self) { try await pipe.writer.write([1]) }
        #expect(error?.errno == EPIPE)
      }
    }
  }
}
