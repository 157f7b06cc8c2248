import AsyncIOHTTP

/// A site by the folders of its paths: a tree in which each section knows what is in it and below it.
struct SiteSections: Sendable {
  /// A folder, or a page in one.
  struct Section: Sendable {
    /// The last part of its path; the host for the first section.
    var name: String
    /// What is in it and below it.
    var tally = SiteTally()
    /// The sections below it, by their places in `sections`.
    var children: [Int] = []
  }

  /// All sections; the first one is the site.
  private(set) var sections: [Section]
  private var places: [Key: Int] = [:]
  private let isOfOneHost: Bool

  private struct Key: Hashable {
    var parent: Int
    var name: String
  }

  /// How deep the tree is; what is further down belongs to its section there.
  static let depth = 5
  /// How many sections there are at most; what comes later belongs to the ones above.
  private static let limit = 100_000

  /// An empty site.
  ///
  /// - Parameters:
  ///   - name: What to call it.
  ///   - isOfOneHost: Whether the first part of a path is the first section; otherwise the host is.
  init(name: String, isOfOneHost: Bool) {
    sections = [Section(name: name)]
    self.isOfOneHost = isOfOneHost
  }

  /// Puts a result into its sections.
  mutating func add(_ result: CrawlResult) {
    guard let url = try? HTTPURL(result.entry.url) else { return sections[0].tally.add(result) }
    var place = 0
    sections[0].tally.add(result)
    var names = url.path.split(separator: "/").map(String.init)
    if !isOfOneHost { names.insert(url.authority, at: 0) }
    for name in names.prefix(Self.depth) {
      guard let child = child(name, of: place) else { return }
      place = child
      sections[place].tally.add(result)
    }
  }

  private mutating func child(_ name: String, of parent: Int) -> Int? {
    let key = Key(parent: parent, name: name)
    if let place = places[key] { return place }
    guard sections.count < Self.limit else { return nil }
    sections.append(Section(name: name))
    places[key] = sections.count - 1
    sections[parent].children.append(sections.count - 1)
    return sections.count - 1
  }

  /// The sections below one, the largest first.
  func children(of place: Int) -> [Int] {
    sections[place].children.sorted { left, right in
      let (first, second) = (sections[left], sections[right])
      return (second.tally.total, first.name) < (first.tally.total, second.name)
    }
  }
}
