import AsyncIOHTTP
import Testing

/// Mutated messages: nothing crashes, nothing takes more than it is given, no cut changes the outcome.
///
/// The bounds are checked by the preconditions of the driver (`CodecOutcome`).
struct FuzzTests {
  @Test(arguments: 1...8)
  func `mutated messages have one outcome however they are cut`(_ seed: UInt64) {
    var random = SplitMix64(state: seed)
    let corpus = goodMessages + badHeads + smugglingAttempts
    for _ in 0..<500 {
      let sample = corpus[random.below(corpus.count)]
      var bytes = sample.bytes
      for _ in 0...random.below(4) { Self.mutate(&bytes, corpus, &random) }
      let whole = CodecOutcome([bytes], role: sample.role, limits: tightLimits)
      let cut = CodecOutcome(pieces(bytes, &random), role: sample.role, limits: tightLimits)
      #expect(cut == whole, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
  }

  /// Limits within reach of the corpus, so that breaches happen too.
  private var tightLimits: HTTPLimits {
    var limits = HTTPLimits()
    limits.startLine = 60
    limits.fieldLine = 50
    limits.head = 200
    limits.fieldCount = 6
    limits.chunkLine = 24
    limits.chunkExtensions = 30
    limits.trailers = 40
    limits.trailerCount = 2
    return limits
  }

  static func mutate(_ bytes: inout [UInt8], _ corpus: [Sample], _ random: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let place = random.below(bytes.count)
    let end = place + random.below(min(16, bytes.count - place) + 1)
    switch random.below(7) {
    case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 1: bytes[place] ^= 1 << UInt8(random.below(8))
    case 2: bytes.insert(spice[random.below(spice.count)], at: place)
    case 3: bytes.removeSubrange(place..<end)
    case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 5: bytes.removeSubrange(place...)
    default:
      let other = corpus[random.below(corpus.count)].bytes
      bytes.replaceSubrange(place..., with: other[random.below(other.count)...])
    }
  }

  /// The bytes that mean something in HTTP.
  private static var spice: [UInt8] { Array("\r\n\t :;,=\"\\0f\0\u{7F}".utf8) + [0x80, 0xFF] }

  private func pieces(_ bytes: [UInt8], _ random: inout SplitMix64) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(1 + random.below(20))
      pieces.append(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    return pieces
  }
}

/// A generator with a seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
