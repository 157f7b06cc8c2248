import AsyncIONetwork
import AsyncIOTesting
import Testing

/// What every stream must do, for every stream.
@Suite(.realTime, .deadline(.seconds(60)), .closesDescriptors) struct StreamConformanceTests {
  @Test func `TCP`() async throws {
    try await checkHalfCloseableStream {
      let ends = try await Connection()
      return (ends.client, ends.server)
    }
  }

  @Test func `Unix sockets`() async throws {
    try await checkHalfCloseableStream { try UnixStream.pair() }
  }

  @Test func `pipes`() async throws {
    try await checkOneWayStream {
      let ends = try makePipe()
      return (ends.writer, ends.reader)
    }
  }

  @Test(.virtualTime, arguments: [1 << 10, 65_536, 1 << 20])
  func `memory`(_ capacity: Int) async throws {
    try await checkHalfCloseableStream { MemoryStream.pair(capacity: capacity) }
  }

  @Test(.virtualTime) func `what a stream need not write itself`() async throws {
    try await checkHalfCloseableStream {
      let (one, other) = MemoryStream.pair()
      return (PlainStream(one), PlainStream(other))
    }
  }
}

/// A stream with nothing but what it must have.
private final class PlainStream: ByteStream {
  private let base: MemoryStream

  init(_ base: MemoryStream) { self.base = base }

  var isClosed: Bool { base.isClosed }
  @unsafe func read(into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    unsafe try await base.read(into: buffer)
  }
  func writeSome(_ bytes: ArraySlice<UInt8>) async throws -> Int {
    try await base.writeSome(bytes.prefix(999))
  }
  func closeWriting() throws { try base.closeWriting() }
  func close() { base.close() }
  func abort() { base.abort() }
}
