import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct LoopClockTests {
  @Test func `virtual time stands still while anything runs`() async {
    let start = LoopClock.now
    for _ in 0..<1000 { await Task.yield() }
    #expect(LoopClock.now == start)
  }

  @Test func `the clock's own sleep follows it`() async throws {
    let start = LoopClock.now
    try await LoopClock().sleep(until: start.advanced(by: .seconds(5)))
    #expect(start.duration(to: .now) == .seconds(5))
    try await Task.sleep(for: .seconds(5), clock: .loop)
    #expect(start.duration(to: .now) == .seconds(10))
  }

  @Test func `instants saturate instead of overflowing`() {
    let instant = LoopClock.Instant(nanoseconds: 1)
    let latest = instant.advanced(by: .seconds(Int64.max))
    #expect(latest == LoopClock.Instant(nanoseconds: .max))
    #expect(instant.advanced(by: .seconds(-1_000_000_000_000)) < instant)
    #expect(latest.advanced(by: .seconds(1)) == latest)
  }

  @Test(.realTime) func `real time moves by itself`() async throws {
    let start = LoopClock.now
    try await sleep(for: .milliseconds(2))
    #expect(start.duration(to: .now) >= .milliseconds(2))
  }
}
