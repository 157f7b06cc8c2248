import AsyncIOHTTP

/// What became of one URL.
struct CrawlResult: Sendable, Equatable {
  /// What it turned out to be.
  enum Kind: String, Sendable, CaseIterable {
    /// A page, whose links were read.
    case page
    /// Something else, such as a picture.
    case file
    /// A page that says it is a copy of another one.
    case duplicate
    /// A redirect.
    case redirect
    /// Nothing: no whole answer came, or one whose status says that it failed.
    case broken
    /// Not asked for, as robots.txt forbids it.
    case excluded
  }

  /// What was found.
  var entry: CrawlEntry
  /// What it turned out to be.
  var kind: Kind
  /// The status, where an answer came.
  var status: Int?
  /// The type of the content, such as `text/html`, where the answer says it.
  var type: String?
  /// Bytes of the body that arrived, or that the answer has announced.
  var bytes = 0
  /// From the beginning of the request to its end.
  var duration = Duration.zero
  /// Why it is broken or excluded, unless the status says so.
  var problem: String?
  /// Where a redirect or a copy leads.
  var target: String?
  /// What it links to, by the numbers of the entries.
  var links: [Int] = []
  /// Why links of it were not followed, and how many.
  var leftOut: [LeftOut: Int] = [:]

  /// A result that is to be filled in.
  init(_ entry: CrawlEntry, _ kind: Kind) {
    self.entry = entry
    self.kind = kind
  }
}

/// Why a link is not followed.
enum LeftOut: String, Sendable, CaseIterable {
  /// It leads to another host.
  case elsewhere
  /// The page asks for it.
  case nofollow
  /// The options leave its path out.
  case filtered
  /// It is further from the start than the depth that is wanted.
  case deep
  /// There are too many URLs like it.
  case alike
  /// Its path goes in a circle.
  case circular
  /// It is too long.
  case long

  /// The reason in words.
  var text: String {
    switch self {
    case .elsewhere: "lead to other hosts"
    case .nofollow: "are marked nofollow"
    case .filtered: "are left out by --only and --except"
    case .deep: "are deeper than --depth"
    case .alike: "are like too many others (--alike)"
    case .circular: "repeat their path"
    case .long: "are too long"
    }
  }
}

extension CrawlResult {
  /// Why it is broken or excluded, in words.
  var reason: String { problem ?? status.map { "HTTP status \($0)" } ?? "" }

  /// Whether a request was sent, which it is neither where robots.txt forbids it nor to what is no URL.
  var wasAskedFor: Bool { kind != .excluded && (status != nil || (try? HTTPURL(entry.url)) != nil) }

  /// The result as one line of JSON for programs.
  var jsonLine: String { JSONText.object(members) }

  /// The result as a line of a journal, which also has what goes on with it.
  var journalLine: String {
    JSONText.object(
      members + [
        ("id", .integer(entry.id)), ("hops", .integer(entry.hops)), ("way", .string(entry.way.rawValue)),
        ("to", .integers(links)),
      ] + LeftOut.allCases.compactMap { reason in leftOut[reason].map { (reason.rawValue, .integer($0)) } })
  }

  private var members: [(key: String, value: JSONText)] {
    [
      ("url", .string(entry.url)), ("kind", .string(kind.rawValue)), ("status", JSONText(status)),
      ("type", JSONText(type)), ("bytes", .integer(bytes)),
      ("milliseconds", .decimal(duration.seconds * 1000, places: 3)), ("depth", .integer(entry.depth)),
      ("referrer", JSONText(entry.referrer)), ("target", JSONText(target)), ("problem", JSONText(problem)),
      ("links", .integer(links.count)),
    ]
  }

  /// Reads a result from a line of a journal; nil if the line is about something else.
  init?(_ line: JSONLine) {
    guard let url = line.string("url"), let id = line.integer("id"), let depth = line.integer("depth"),
      let kind = line.string("kind").flatMap(Kind.init(rawValue:)),
      let way = line.string("way").flatMap(CrawlEntry.Way.init(rawValue:))
    else { return nil }
    self.init(
      CrawlEntry(
        url, id: id, depth: depth, hops: line.integer("hops") ?? 0, referrer: line.string("referrer"),
        way: way), kind)
    status = line.integer("status")
    type = line.string("type")
    bytes = line.integer("bytes") ?? 0
    duration = .microseconds(Int64((line.number("milliseconds") ?? 0) * 1000))
    problem = line.string("problem")
    target = line.string("target")
    links = line.integers("to")
    for reason in LeftOut.allCases { leftOut[reason] = line.integer(reason.rawValue) }
  }

  /// The result as a line of text, as `asyncio fetch` writes it, and with where it leads.
  func line(palette: Palette = .plain) -> String {
    let outcome: FetchResult.Outcome =
      if let status, problem == nil { .fetched(status: status) } else {
        .failed(problem ?? "no answer", status: status)
      }
    let line = FetchResult(entry.url, outcome, bytes: bytes, duration: duration).line(palette: palette)
    return line + (target.map { palette(" → \($0.printable)", .dim) } ?? "")
  }
}
