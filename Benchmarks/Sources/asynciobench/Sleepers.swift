/// A million tasks that sleep for one to five seconds, all at once: the end can come no sooner than after five.
func millionSleepers() async {
  let count = 1_000_000
  let start = ContinuousClock.now
  await withTaskGroup(of: Void.self) { group in
    var delays = Delays()
    for _ in 0..<count {
      let delay = delays.next()
      group.addTask { try? await Task.sleep(for: delay) }
    }
  }
  report(.sleep1m, count: count, since: start, extra: resources())
}

/// Delays spread evenly from one to five seconds: the same ones in the same order in every peer.
private struct Delays {
  var state: UInt64 = 12345

  mutating func next() -> Duration {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return .seconds(1) + .seconds(4) * (Double(state >> 33) / 2_147_483_648)
  }
}
