import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct CrawlLaneTests {
  @Test func `rules are read once for all workers, and again after a day`() async throws {
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .zero)
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
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .zero)
    #expect([1, 2, 3, 4].map { lane.put($0, workers: 2) } == [true, true, false, false])
    #expect(lane.queue.statistics.unfinished == 4)
  }

  @Test func `of a server that cannot be reached any more the rules stay`() async throws {
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .zero)
    let known = RobotsFile(parsing: Array("User-agent: *\nDisallow: /a\n".utf8), for: "x")
    #expect(try await lane.rules { .unreachable("busy") }.problem == "busy")
    try await sleep(for: CrawlLane.rulesLifetime)
    #expect(try await lane.rules { known }.problem == nil)
    try await sleep(for: CrawlLane.rulesLifetime)
    let rules = try await lane.rules { .unreachable("busy") }
    #expect(rules.problem == nil)
    #expect(rules.refusal(of: "/a") != nil)
    #expect(rules.refusal(of: "/b") == nil)
    try await sleep(for: CrawlLane.rulesLifetime)
    #expect(try await lane.rules { .missing }.refusal(of: "/a") == nil)
  }

  @Test func `turns come one after another, and none while the server is left alone`() async throws {
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .seconds(2))
    let start = LoopClock.now
    let turns = Mutex<[Duration]>([])
    try await withTaskScope { scope in
      for _ in 0..<4 {
        scope.createTask {
          try await lane.turn()
          turns.withLock { $0.append(start.duration(to: .now)) }
        }
      }
      // One who is waiting already waits longer.
      try await sleep(for: .seconds(3))
      lane.pause(for: .seconds(7))
      lane.pause(for: .seconds(1))
    }
    #expect(turns.withLock { $0 } == [0, 2, 10, 12].map { .seconds($0) })
  }

  @Test func `who is cancelled gives the turn to the next one`() async throws {
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .seconds(5))
    let start = LoopClock.now
    try await lane.turn()
    let (first, second) = (createTask { try await lane.turn() }, createTask { try await lane.turn() })
    try await sleep(for: .seconds(1))
    first.cancel()
    await #expect(throws: CancellationError.self) { try await first.value }
    try await second.value
    #expect(start.duration(to: .now) == .seconds(5))
  }

  @Test func `a delay that the rules ask for holds from then on, if it is longer`() async throws {
    func rules(_ seconds: Int) -> RobotsFile {
      RobotsFile(parsing: Array("User-agent: *\nCrawl-delay: \(seconds)\n".utf8), for: "x")
    }
    let lane = CrawlLane(try HTTPURL("http://h/"), interval: .seconds(2))
    _ = try await lane.rules { rules(1) }
    #expect(lane.interval == .seconds(2))
    try await sleep(for: CrawlLane.rulesLifetime)
    _ = try await lane.rules { rules(9) }
    #expect(lane.interval == .seconds(9))
  }
}
