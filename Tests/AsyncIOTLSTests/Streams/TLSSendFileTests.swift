import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import AsyncIOTLS
import Glibc
import Testing

/// Files over TLS: what the system sends by itself elsewhere is read and encrypted.
@Suite(.realTime, .deadline(.seconds(60)), .closesDescriptors) struct TLSSendFileTests {
  /// A file with a pattern, which is gone when this is.
  private final class File: Sendable {
    let path = "/tmp/swift-asyncio-tls-\(getpid())-\(UInt64.random(in: 0 ... .max))"
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

  private func makePair() async throws -> TLSPair<UnixStream> { try await TLSPair(over: UnixStream.pair()) }

  @Test func `a whole file`() async throws {
    let file = File(3_000_000)
    let pair = try await makePair()
    async let received = pair.server.readToEnd()
    #expect(try await pair.client.sendFile(path: file.path) == 3_000_000)
    await pair.client.close()
    #expect(try await received == pattern(3_000_000))
    await pair.server.close()
  }

  @Test func `a part of a file, between bytes`() async throws {
    let file = File(200_000)
    let pair = try await makePair()
    async let received = pair.server.readToEnd()
    try await pair.client.write("before")
    var offset = 1000
    #expect(try await pair.client.sendFile(file.number, from: &offset, count: 150_000) == 150_000)
    #expect(offset == 151_000)
    try await pair.client.write("after")
    await pair.client.close()
    #expect(
      try await received
        == Array("before".utf8) + pattern(200_000)[1000..<151_000] + Array("after".utf8))
    await pair.server.close()
  }

  @Test func `a peer that closes when it has the file`() async throws {
    let file = File(1_000_000)
    let pair = try await makePair()
    async let received: [UInt8] = { @Sendable in
      var bytes: [UInt8] = []
      while bytes.count < 1_000_000, try await pair.server.read(appendingTo: &bytes, atMost: 65_536) > 0 {}
      await pair.server.close()
      return bytes
    }()
    #expect(try await pair.client.sendFile(path: file.path) == 1_000_000)
    #expect(try await received == pattern(1_000_000))
    #expect(try await pair.client.read(atMost: 1).isEmpty)
    let error = await #expect(throws: IOError.self) {
      while true { try await pair.client.sendFile(path: file.path) }
    }
    #expect(error?.isDisconnection == true)
    await pair.client.close()
  }
}
