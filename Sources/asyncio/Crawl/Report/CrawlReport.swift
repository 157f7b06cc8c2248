// What a report says is read from the journal, in two passes: so a crawl keeps nothing in memory for it, and the report is about
// all runs of one journal. Lists are cut where nobody would read on; what is counted is counted in full.

import AsyncIO
import AsyncIOHTTP

/// What a crawl has found out about a site.
struct CrawlReport {
  /// A URL that is broken, and what leads to it.
  struct Broken {
    /// What came of it.
    var result: CrawlResult
    /// Some of the pages that lead to it.
    var referrers: [String] = []
    /// How many there are.
    var referrerCount = 0
  }

  /// Redirects that follow each other.
  struct Chain {
    /// The redirects, the first one first.
    var steps: [CrawlResult]
    /// What the last one leads to.
    var end: String
    /// Why the end is none: it is a circle, or broken.
    var problem: String?
  }

  /// What has something in common, with an example.
  struct Group {
    /// What it is.
    var name: String
    /// How many there are.
    var count = 0
    /// Some of them.
    var examples: [String] = []
  }

  /// Where the crawl began.
  private(set) var start = ""
  /// All results together.
  private(set) var tally = SiteTally()
  /// The site by its folders.
  private(set) var sections: SiteSections
  /// How many URLs have each status; 0 for those without an answer.
  private(set) var statuses: [Int: Int] = [:]
  /// How many answers have each type, and how many bytes they are.
  private(set) var types: [String: (count: Int, bytes: Int)] = [:]
  /// How many pages are so many links away from the start.
  private(set) var depths: [Int: Int] = [:]
  /// How long answers took.
  private(set) var times = DurationHistogram()
  /// What is broken, in the order in which it was found.
  private(set) var broken: [Broken] = []
  /// What took longest.
  private(set) var slowest = TopList<CrawlResult>(20) { $0.duration > $1.duration }
  /// What is largest.
  private(set) var largest = TopList<CrawlResult>(20) { $0.bytes > $1.bytes }
  /// How many pages lead to something that is broken.
  private(set) var brokenReferrerCount = 0
  /// Redirects, the longest chains first.
  private(set) var chains: [Chain] = []
  /// How many chains there are.
  private(set) var chainCount = 0
  /// How many of them go in a circle.
  private(set) var circleCount = 0
  /// How many redirects the longest one has.
  private(set) var longestChain = 0
  /// What robots.txt forbids, by its rules.
  private(set) var excluded: [Group] = []
  /// Copies, by their originals.
  private(set) var copies: [Group] = []
  /// Why links were not followed.
  private(set) var leftOut: [LeftOut: Int] = [:]
  /// Shapes of which there are too many URLs.
  private(set) var alike: [String] = []
  /// How many URLs were found and not fetched.
  private(set) var waiting = 0

  /// How many of what is broken, of chains and of groups are listed.
  static let listed = 500
  private static let listedReferrers = 5
  /// The problem of a chain that has no end.
  private static let circle = "a circle"

  /// Reads what a crawl has found out.
  ///
  /// - Parameter journal: Its journal.
  /// - Throws: `IOError` if it cannot be read.
  init(_ journal: CrawlJournal) throws(IOError) {
    var hosts: Set<String> = []
    var start: String?
    var again: Set<Int> = []
    try journal.forEach { line in
      guard case .found(let entry, _) = line else { return }
      start = start ?? entry.url
      if entry.way == .again { again.insert(entry.id) }
      // One more than one is all that is asked.
      if hosts.count < 2, let url = try? HTTPURL(entry.url) { hosts.insert(url.authority) }
    }
    self.start = start ?? ""
    sections = SiteSections(
      name: hosts.count == 1 ? hosts.first ?? "" : "all hosts", isOfOneHost: hosts.count < 2)
    try collect(journal, again: again)
  }

  /// Reads all results; those of `again` were taken for copies, and then read as pages.
  private mutating func collect(_ journal: CrawlJournal, again: Set<Int>) throws(IOError) {
    var redirects: [Int: CrawlResult] = [:]
    var broken: Set<Int> = []
    var brokenPlaces: [Int: Int] = [:]
    var rules: [String: Group] = [:]
    var originals: [String: Group] = [:]
    var report = self
    try journal.forEach { line in
      switch line {
      case .found: report.waiting += 1
      case .alike(let shape): report.alike.append(shape)
      case .finished(let result):
        report.waiting -= 1
        if result.kind == .duplicate, again.contains(result.entry.id) { return }
        report.count(result)
        switch result.kind {
        case .broken:
          broken.insert(result.entry.id)
          if report.broken.count < Self.listed {
            brokenPlaces[result.entry.id] = report.broken.count
            report.broken.append(Broken(result: result))
          }
          if result.target != nil { redirects[result.entry.id] = result }
        case .redirect: redirects[result.entry.id] = result
        case .excluded: Self.add(result.entry.url, to: result.reason, in: &rules)
        case .duplicate: Self.add(result.entry.url, to: result.target ?? "", in: &originals)
        case .page, .file: break
        }
      }
    }
    report.excluded = Self.sorted(rules)
    report.copies = Self.sorted(originals)
    report.findChains(redirects, broken: broken)
    try journal.forEach { line in
      guard case .finished(let result) = line,
        result.kind != .duplicate || !again.contains(result.entry.id)
      else { return }
      if result.links.contains(where: broken.contains) { report.brokenReferrerCount += 1 }
      for id in result.links {
        guard let place = brokenPlaces[id] else { continue }
        report.broken[place].referrerCount += 1
        if report.broken[place].referrers.count < Self.listedReferrers {
          report.broken[place].referrers.append(result.entry.url)
        }
      }
    }
    self = report
  }

  private mutating func count(_ result: CrawlResult) {
    tally.add(result)
    sections.add(result)
    for (reason, count) in result.leftOut { leftOut[reason, default: 0] += count }
    guard result.kind != .excluded else { return }
    statuses[result.status ?? 0, default: 0] += 1
    if result.kind == .page { depths[result.entry.depth, default: 0] += 1 }
    guard result.status != nil else { return }
    let type = result.type ?? "none"
    let known = types[type] ?? (0, 0)
    types[type] = (known.count + 1, known.bytes + result.bytes)
    times.add(result.duration)
    slowest.add(result)
    largest.add(result)
  }

  private static func add(_ url: String, to name: String, in groups: inout [String: Group]) {
    groups[name, default: Group(name: name)].count += 1
    if groups[name, default: Group(name: name)].examples.count < listedReferrers {
      groups[name]?.examples.append(url)
    }
  }

  private static func sorted(_ groups: [String: Group]) -> [Group] {
    Array(groups.values.sorted { ($1.count, $0.name) < ($0.count, $1.name) }.prefix(listed))
  }

  /// Puts redirects together that follow each other.
  private mutating func findChains(_ redirects: [Int: CrawlResult], broken: Set<Int>) {
    let targets = Set(redirects.values.compactMap(\.links.first))
    var seen: Set<Int> = []
    // Those to which no other leads come first; what is left then goes in circles.
    let order = redirects.keys.sorted {
      (targets.contains($0) ? 1 : 0, $0) < (targets.contains($1) ? 1 : 0, $1)
    }
    for first in order where !seen.contains(first) {
      var chain = Chain(steps: [], end: "")
      var inChain: Set<Int> = []
      var next: Int? = first
      while let id = next, let step = redirects[id], inChain.insert(id).inserted {
        chain.steps.append(step)
        chain.end = step.target ?? ""
        next = step.links.first
      }
      if let next, inChain.contains(next) {
        chain.problem = Self.circle
      } else if let last = chain.steps.last, last.kind == .broken {
        chain.problem = last.problem
      } else if let next, broken.contains(next) {
        chain.problem = "leads to what is broken"
      } else if next == nil {
        chain.problem = chain.steps.last.map { $0.links.isEmpty ? "not followed" : nil } ?? nil
      }
      seen.formUnion(inChain)
      chains.append(chain)
    }
    chains.sort {
      ($0.problem == nil ? 1 : 0, -$0.steps.count) < ($1.problem == nil ? 1 : 0, -$1.steps.count)
    }
    chainCount = chains.count
    circleCount = chains.count { $0.problem == Self.circle }
    longestChain = chains.map(\.steps.count).max() ?? 0
    chains = Array(chains.prefix(Self.listed))
  }
}
