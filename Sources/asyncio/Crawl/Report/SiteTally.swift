/// How many URLs there are of each kind, together; a site has one for each of its folders.
struct SiteTally: Sendable, Equatable {
  /// By the places of the kinds among all.
  private var counts = SIMD8<UInt32>()
  /// Bytes of all bodies.
  private(set) var bytes = 0

  /// Nothing counted yet.
  init() {}

  /// How many there are of a kind.
  subscript(kind: CrawlResult.Kind) -> Int { Int(counts[Self.place(of: kind)]) }

  /// How many there are in all.
  var total: Int { Int(counts.wrappedSum()) }

  /// Counts a result.
  mutating func add(_ result: CrawlResult) {
    counts[Self.place(of: result.kind)] &+= 1
    bytes += result.bytes
  }

  /// Counts what another tally has counted.
  mutating func add(_ other: SiteTally) {
    counts &+= other.counts
    bytes += other.bytes
  }

  private static func place(of kind: CrawlResult.Kind) -> Int {
    switch kind {
    case .page: 0
    case .file: 1
    case .duplicate: 2
    case .redirect: 3
    case .broken: 4
    case .excluded: 5
    }
  }
}
