import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct CrawlLaneTests {
  @Test func `rules are read once for all workers, and again after a day`() async throws {
    let lane = CrawlLane(try HTTPURL("http://h/"))
    let reads = Atomic(0)
    @Sendable func read() async throws -> RobotsFile {
      reads.add(1, ordering: .relaxed)
      try await sleep(for: .seconds(1))
      return .missing
    }
    _ = try await gather(0..<5) { _ in try await lane.rules { try await read() } }
    #expect(reads.load(ordering: .relaxed) == 1)
    try await sleep(for: CrawlLane.rulesLifetime - .seconds(1))
    _ = try await lane.rules { try await read() }
    #expect(reads.load(ordering: .relaxed) == 1)
    try await sleep(for: .seconds(1))
    _ = try await lane.rules { try await read() }
    #expect(reads.load(ordering: .relaxed) == 2)
  }

  @Test func `a lane has as many workers as it needs, up to a limit`() throws {
    let lane = CrawlLane(try HTTPURL("http://h/"))
    #expect([1, 2, 3, 4].map { lane.put($0, workers: 2) } == [true, true, false, false])
    #expect(lane.queue.statistics.unfinished == 4)
  }
}
