/// What a bad network does to one direction of a stream (the toxics of toxiproxy).
///
/// Several may be used together; they act in the order in which they stand here.
public enum Chaos: Sendable, Hashable {
  /// Bytes take so long, plus a random time up to `jitter`; their order stays.
  case latency(Duration, jitter: Duration = .zero)
  /// No more than so many bytes pass in a second.
  case bandwidth(bytesPerSecond: Int)
  /// Bytes come in pieces of a random size from 1 to `size`, with a pause before each.
  case slicing(size: Int, pause: Duration = .zero)
  /// After so many bytes both sides are closed in order, as if the peer had ended.
  case cut(afterBytes: Int)
  /// After so many bytes both sides are aborted.
  case reset(afterBytes: Int)
  /// After so many bytes nothing passes any more, not even the end; what is written is taken and lost.
  case blackHole(afterBytes: Int)
  /// The end of the stream comes so much later.
  case slowClose(Duration)
}

/// Random numbers of which the same seed gives the same.
struct ChaosNumbers: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next number (SplitMix64).
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
