/// What a crawl knows of the URLs that it has come across: a few bytes for each.
struct CrawlLedger: Sendable {
  /// The numbers of the URLs, by hashes of 64 bits; two of a million URLs share one with a chance of 1 to 37 million.
  private var ids: [Int: UInt32] = [:]
  /// How many URLs of each shape were found, by its hash.
  private var shapes: [Int: UInt32] = [:]
  /// Where redirects lead, by numbers.
  private var redirects: [UInt32: UInt32] = [:]
  /// The numbers of pages that are copies of others.
  private var duplicates: Set<UInt32> = []
  /// What came of the URLs, by kinds.
  private(set) var counts: [CrawlResult.Kind: Int] = [:]
  /// Bytes of all bodies.
  private(set) var bytes = 0

  /// How many URLs are known.
  var found: Int { ids.count }
  /// How many of them were dealt with.
  var finished: Int { counts.values.reduce(0, +) }
  /// How many were asked for.
  var fetched: Int { finished - counts[.excluded, default: 0] }

  /// The number of a URL, if it is known.
  func id(of url: String) -> Int? { ids[Self.hash(url)].map(Int.init) }

  /// Gives a URL the next number, unless it has one.
  ///
  /// - Returns: Its number, and whether that is new.
  mutating func register(_ url: String) -> (id: Int, isNew: Bool) {
    let next = UInt32(truncatingIfNeeded: ids.count)
    let id = ids[Self.hash(url), default: next]
    guard id == next else { return (Int(id), false) }
    ids[Self.hash(url)] = id
    return (Int(id), true)
  }

  /// Counts one more URL of a shape.
  ///
  /// - Returns: How many there are now.
  mutating func count(shape: String) -> Int {
    let count = shapes[Self.hash(shape), default: 0] + 1
    shapes[Self.hash(shape)] = count
    return Int(count)
  }

  /// Takes note of a redirect.
  ///
  /// - Returns: Whether it closes a circle.
  mutating func redirect(from source: Int, to target: Int) -> Bool {
    redirects[UInt32(source)] = UInt32(target)
    var next = UInt32(target)
    // No longer than there are redirects, also if there is an older circle on the way.
    for _ in 0..<redirects.count {
      if next == UInt32(source) { return true }
      guard let further = redirects[next] else { return false }
      next = further
    }
    return false
  }

  /// Whether a page is a copy of another one.
  func isDuplicate(_ id: Int) -> Bool { duplicates.contains(UInt32(id)) }

  /// Takes note of what came of a URL.
  mutating func record(_ result: CrawlResult) {
    counts[result.kind, default: 0] += 1
    bytes += result.bytes
    if result.kind == .duplicate { duplicates.insert(UInt32(result.entry.id)) }
  }

  private static func hash(_ text: String) -> Int {
    // Keyed anew in each process, so that no site can choose URLs that share one.
    var hasher = Hasher()
    hasher.combine(text)
    return hasher.finalize()
  }
}
