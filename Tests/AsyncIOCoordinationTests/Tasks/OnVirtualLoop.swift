import AsyncIORuntime

/// Runs `body` on a loop of its own with virtual time and a seed, on a thread of its own.
///
/// For tests that try many seeds; the traits take one.
func onVirtualLoop<Value: Sendable>(
  seed: UInt64, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    LoopThread.start(named: "test") {
      continuation.resume(
        with: Result {
          let loop = try EventLoop(time: .virtual, seed: seed)
          let runner = try Runner(driving: loop, isHome: false, Runner.Configuration())
          defer { runner.close() }
          return try runner.run(body)
        })
    }
  }
}

/// A reproducible stream of numbers (SplitMix64).
struct SeededNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next number, from 0 to `bound` - 1.
  mutating func next(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((word ^ (word >> 31)) % UInt64(bound))
  }
}
