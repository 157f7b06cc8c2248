/// What a robots.txt allows one crawler (RFC 9309).
///
/// Groups that name the crawler hold, all of them together; where none does, those for `*`. Of the rules that match a path the
/// longest one holds, and `Allow` where two are as long.
struct RobotsFile: Sendable {
  /// A line that allows or forbids paths.
  private struct Rule: Sendable {
    var pattern: RobotsPattern
    var isAllowing: Bool
  }

  private var rules: [Rule] = []
  /// How long the crawler is asked to wait between requests.
  private(set) var crawlDelay: Duration?
  /// The addresses of sitemaps, as they were written.
  private(set) var sitemaps: [String] = []
  /// Why the file could not be read; nothing is allowed then.
  private(set) var problem: String?

  /// How much of a file is read, in bytes (RFC 9309 §2.5).
  static let sizeLimit = 500 * 1024
  /// A longer delay than this is taken for a mistake, and shortened to it.
  static let longestDelay = Duration.seconds(3600)

  /// A server without the file: everything is allowed (RFC 9309 §2.3.1.3).
  static let missing = RobotsFile()
  /// A server that fails: nothing is allowed (RFC 9309 §2.3.1.4).
  static func unreachable(_ problem: String) -> RobotsFile {
    var file = RobotsFile()
    file.problem = problem
    return file
  }

  private init() {}

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - bytes: The file; what is beyond the size limit is passed over.
  ///   - token: The crawler's name in it; see `productToken(of:)`.
  init(parsing bytes: [UInt8], for token: String) {
    var lines = RobotsLines(bytes.prefix(Self.sizeLimit))
    var groups = RobotsGroups(token: token.lowercased())
    var own = RobotsFile()
    while let line = lines.next() {
      switch line.key {
      case "user-agent", "useragent", "user agent": groups.name(line.value)
      case "allow", "disallow", "crawl-delay":
        // What the RFC does not know must not end a group.
        let isFor = groups.rule(endsNames: line.key != "crawl-delay")
        if isFor.own { own.add(line.key, line.value) }
        if isFor.general { add(line.key, line.value) }
      case "sitemap": if !line.value.isEmpty { sitemaps.append(line.value) }
      default: break
      }
    }
    if groups.hasOwn { (rules, crawlDelay) = (own.rules, own.crawlDelay) }
  }

  private mutating func add(_ key: String, _ value: String) {
    if key == "crawl-delay" {
      crawlDelay = crawlDelay ?? Self.delay(value)
    } else if !value.isEmpty {
      rules.append(Rule(pattern: RobotsPattern(value), isAllowing: key == "allow"))
    }
  }

  /// The rule that forbids a path; nil if it is allowed.
  ///
  /// - Parameter target: The path, and the query if there is one, percent-encoded.
  /// - Returns: The rule as it would be written.
  func refusal(of target: String) -> String? {
    if target == "/robots.txt" { return nil }
    if problem != nil { return "robots.txt cannot be read" }
    let path = RobotsPattern.normalized(path: target)
    var best: Rule?
    for rule in rules where rule.pattern.matches(path) {
      guard let found = best else {
        best = rule
        continue
      }
      if rule.pattern.length > found.pattern.length
        || (rule.pattern.length == found.pattern.length && rule.isAllowing)
      {
        best = rule
      }
    }
    guard let best, !best.isAllowing else { return nil }
    return "Disallow: \(best.pattern.text)"
  }

  /// The name by which a file knows a crawler: what its user agent begins with (RFC 9309 §2.2.1).
  static func productToken(of userAgent: String) -> String {
    String(userAgent.prefix { "a"..."z" ~= $0 || "A"..."Z" ~= $0 || $0 == "-" || $0 == "_" })
  }

  private static func delay(_ text: String) -> Duration? {
    guard let seconds = Double(text), seconds.isFinite, seconds >= 0 else { return nil }
    return min(.seconds(min(seconds, 1e6)), longestDelay)
  }
}

/// Which group the lines of a file belong to.
private struct RobotsGroups {
  let token: String
  /// Whether a group has named the crawler.
  private(set) var hasOwn = false
  private var isOwn = false
  private var isGeneral = false
  /// Whether the next name begins a new group.
  private var hasRules = false

  init(token: String) { self.token = token }

  mutating func name(_ value: String) {
    if hasRules { (isOwn, isGeneral, hasRules) = (false, false, false) }
    if value.first == "*", value.count == 1 || value.dropFirst().first == " " { isGeneral = true }
    if !token.isEmpty, RobotsFile.productToken(of: value).lowercased() == token {
      isOwn = true
      hasOwn = true
    }
  }

  /// Takes note of a rule, and says for whom it is.
  mutating func rule(endsNames: Bool) -> (own: Bool, general: Bool) {
    if endsNames { hasRules = true }
    return (isOwn, isGeneral)
  }
}

/// The lines of a robots.txt that say something, comments taken off.
private struct RobotsLines {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
  }

  mutating func next() -> (key: String, value: String)? {
    while !rest.isEmpty {
      let line = rest.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
      rest = rest[line.endIndex...].dropFirst()
      let text = line.prefix { $0 != UInt8(ascii: "#") }
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let key = Self.trimmed(text[..<colon]).lowercased()
      if !key.isEmpty { return (key, Self.trimmed(text[(colon + 1)...])) }
    }
    return nil
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let end = bytes.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? bytes.startIndex
    return String(decoding: bytes[..<end].drop(while: isBlank), as: UTF8.self)
  }
}
