/// The pages of a site that is made up: the same for the same count, in sections of very different sizes.
struct SiteTree: Sendable {
  /// The path of each page; the first one is `/`.
  let paths: [String]
  /// The page above each page; 0 for the sections, and for the first page.
  let parents: [Int]
  /// The pages below each page.
  let children: [[Int]]
  /// The number of the page at each path.
  let numbers: [String: Int]

  private static let sections = ["guide", "products", "blog", "docs", "people", "help", "news", "archive"]
  private static let adjectives = [
    "quiet", "bright", "small", "early", "round", "plain", "swift", "mild", "green", "late", "warm", "keen",
    "light", "brave", "calm", "deep",
  ]
  private static let nouns = [
    "river", "lamp", "garden", "table", "engine", "letter", "bridge", "window", "harbour", "market", "paper",
    "signal", "valley", "kettle", "orchard", "wheel",
  ]
  private static let depth = 6

  /// Makes a tree of so many pages.
  init(pages: Int) {
    var random = SiteRandom(seed: 2026)
    var paths = ["/"]
    var parents = [0]
    var depths = [0]
    var children: [[Int]] = [[]]
    while paths.count < pages {
      let number = paths.count
      var parent = 0
      if number > Self.sections.count {
        // Pages that came early have more below them.
        repeat {
          let chance = random.fraction()
          parent = 1 + Int(Double(number - 1) * chance * chance)
        } while depths[parent] == Self.depth
      }
      let name =
        number <= Self.sections.count
        ? Self.sections[number - 1]
        : "\(Self.adjectives[random.below(16)])-\(Self.nouns[random.below(16)])-\(number)"
      paths.append("\(paths[parent])\(name)/")
      parents.append(parent)
      depths.append(depths[parent] + 1)
      children.append([])
      children[parent].append(number)
    }
    (self.paths, self.parents, self.children) = (paths, parents, children)
    numbers = Dictionary(uniqueKeysWithValues: paths.enumerated().map { ($1, $0) })
  }

  /// How many pages there are.
  var count: Int { paths.count }
}

/// Numbers that look like chance and are the same each time (SplitMix64).
struct SiteRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The numbers that belong to `seed`.
  init(seed: UInt64) { state = seed }

  /// The next number.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 to below 1.
  mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

  /// A number from 0 to below `bound`.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
