import AsyncIONetwork
import AsyncIOTLS
import AsyncIOTesting
import Testing

/// What every stream must do, over memory and over sockets: hundreds of megabytes, encrypted by a debug build.
@Suite(.realTime, .deadline(.seconds(240)), .closesDescriptors) struct TLSStreamConformanceTests {
  @Test(.virtualTime, arguments: [1 << 10, 65_536]) func `over memory`(_ capacity: Int) async throws {
    try await checkHalfCloseableStream {
      let pair = try await TLSPair(capacity: capacity)
      return (pair.client, pair.server)
    }
  }

  @Test func `over Unix sockets`() async throws {
    try await checkHalfCloseableStream {
      let pair = try await TLSPair(over: UnixStream.pair())
      return (pair.client, pair.server)
    }
  }
}
