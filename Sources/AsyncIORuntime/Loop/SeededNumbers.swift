/// A reproducible stream of numbers (SplitMix64).
package struct SeededNumbers: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Makes the stream of `seed`.
  package init(seed: UInt64) { state = seed }

  /// The next number, any of 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  /// The next number, from 0 to `bound` - 1.
  package mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The random numbers of the loop of this thread: reproducible where its time is virtual, the system's elsewhere.
///
/// For jitter and the like, so that it can be tested. It has a stream of its own: whoever draws from it does not change the
/// order in which tasks run.
package struct LoopRandomness: RandomNumberGenerator {
  /// Makes the generator; all are equal.
  package init() {}

  /// The next number, any of 64 bits.
  package mutating func next() -> UInt64 {
    if let core = unsafe LoopCore.current, let number = unsafe core.pointee.numbers?.next() { return number }
    var system = SystemRandomNumberGenerator()
    return system.next()
  }
}
