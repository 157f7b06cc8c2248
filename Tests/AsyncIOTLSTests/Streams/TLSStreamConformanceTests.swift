import AsyncIONetwork
import AsyncIOTLS
import AsyncIOTesting
import Testing

/// What every stream must do, over memory and over TCP.
@Suite(.realTime, .deadline(.seconds(60))) struct TLSStreamConformanceTests {
  @Test(.virtualTime, arguments: [1 << 10, 65_536]) func `over memory`(_ capacity: Int) async throws {
    try await checkHalfCloseableStream {
      let pair = try await TLSPair(capacity: capacity)
      return (pair.client, pair.server)
    }
  }
}
