import AsyncIO

/// A million tasks that sleep for one to five seconds, all at once: the end can come no sooner than after five.
func millionSleepers() async throws {
  let count = sized(1_000_000)
  let start = ContinuousClock.now
  _ = try await gather(Delays().prefix(count)) { delay in try await sleep(for: .nanoseconds(delay)) }
  report(.sleep1m, count: count, since: start, extra: resources())
}

/// Delays in nanoseconds, spread evenly from one to five seconds: the same ones in the same order in every peer.
private struct Delays: Sequence, IteratorProtocol {
  var state: UInt64 = 12345

  mutating func next() -> Int? {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((1 + 4 * (Double(state >> 33) / 2_147_483_648)) * 1e9)
  }
}
