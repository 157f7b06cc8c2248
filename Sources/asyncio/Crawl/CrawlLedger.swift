/// What a crawl knows of the URLs that it has come across: a few bytes for each.
struct CrawlLedger: Sendable {
  /// A page that names another one as its original.
  struct Copy: Sendable, Equatable {
    /// Its number.
    var id: Int
    /// Where its line begins in the journal.
    var place: Int
  }

  /// The numbers of the URLs, by hashes of 64 bits; two of a million URLs share one with a chance of 1 to 37 million.
  private var ids: [Int: UInt32] = [:]
  /// How many URLs of each shape were found, by its hash.
  private var shapes: [Int: UInt32] = [:]
  /// Where redirects lead, by numbers.
  private var redirects: [UInt32: UInt32] = [:]
  /// What came of the URLs, by their numbers.
  private var kinds: [CrawlResult.Kind?] = []
  /// What copies call the original, by numbers.
  private var originals: [UInt32: UInt32] = [:]
  /// Copies of what is still to be fetched, by the number of that.
  private var copies: [UInt32: [Copy]] = [:]
  /// What came of the URLs, by kinds.
  private(set) var counts: [CrawlResult.Kind: Int] = [:]
  /// Bytes of all bodies.
  private(set) var bytes = 0

  /// How many URLs are known.
  var found: Int { ids.count }
  /// How many of them were dealt with.
  var finished: Int { counts.values.reduce(0, +) }

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
    kinds.append(nil)
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

  // MARK: What came of URLs

  /// Takes note of what came of a URL.
  ///
  /// - Parameters:
  ///   - result: What came of it.
  ///   - place: Where the URL's line begins in the journal.
  /// - Returns: The copies that are to be read after all, as what they call the original is no page; they are open again.
  mutating func record(_ result: CrawlResult, at place: Int) -> [Copy] {
    let id = result.entry.id
    guard kinds.indices.contains(id) else { return [] }
    counts[result.kind, default: 0] += 1
    bytes += result.bytes
    kinds[id] = result.kind
    var concerned = copies.removeValue(forKey: UInt32(id)) ?? []
    if result.kind == .duplicate, let original = result.links.first {
      originals[UInt32(id)] = UInt32(original)
      concerned.append(Copy(id: id, place: place))
    }
    return concerned.filter { copy in
      guard let original = originals[UInt32(copy.id)] else { return false }
      guard let end = end(of: Int(original), for: copy.id) else {
        reopen(copy.id)
        return true
      }
      if kinds[end] == nil { copies[UInt32(end), default: []].append(copy) }
      return false
    }
  }

  /// Takes a copy for a URL that is still to be fetched.
  mutating func reopen(_ id: Int) {
    guard kinds.indices.contains(id), kinds[id] == .duplicate else { return }
    kinds[id] = nil
    originals[UInt32(id)] = nil
    let count = counts[.duplicate, default: 0] - 1
    counts[.duplicate] = count > 0 ? count : nil
  }

  /// What the original of a copy comes to over redirects, and over other copies: a page, or what is still to be fetched.
  ///
  /// - Returns: Its number; nil if it comes to nothing, or back to the copy, so that the copy is all that there is.
  func end(of original: Int, for copy: Int) -> Int? {
    var next = original
    // No longer than there are steps, also if there is a circle on the way.
    for _ in 0...(redirects.count + originals.count) {
      guard next != copy, kinds.indices.contains(next) else { return nil }
      let further: UInt32?
      switch kinds[next] {
      case .page?, nil: return next
      case .redirect?: further = redirects[UInt32(next)]
      case .duplicate?: further = originals[UInt32(next)]
      case .file?, .broken?, .excluded?: return nil
      }
      guard let further else { return nil }
      next = Int(further)
    }
    return nil
  }

  private static func hash(_ text: String) -> Int {
    // Keyed anew in each process, so that no site can choose URLs that share one.
    var hasher = Hasher()
    hasher.combine(text)
    return hasher.finalize()
  }
}
