import AsyncIO
import AsyncIOHTTP
import HTTPTypes
import Synchronization

// From a URL to its result.

extension Crawler {
  /// How many redirects of a robots.txt are followed (RFC 9309 §2.3.1.2).
  private static let rulesHops = 5

  /// Fetches a URL, unless its server forbids that, and takes note of what came of it.
  ///
  /// - Parameters:
  ///   - place: Where its line begins in the journal.
  ///   - lane: The lane of its server.
  ///   - crew: Who fetches.
  /// - Throws: `IOError` when the journal cannot be read or written; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is noted of the URL.
  func visit(_ place: Int, in lane: CrawlLane, _ crew: Crew) async throws {
    let entry = try journal.entry(at: place)
    let url = try HTTPURL(entry.url)
    let rules = try await rules(of: lane, crew)
    // What it has to do with the URL is not known: that stays in the journal, for a run that can read the rules.
    if let problem = rules.problem { return leaveAlone(lane, problem) }
    if let rule = rules.refusal(of: url.requestTarget) {
      var result = CrawlResult(entry, .excluded)
      result.problem = "robots.txt: \(rule)"
      return try finish(Discovery(result), at: place, crew)
    }
    let isWithinLimit = state.withLock { state in
      guard state.begun < settings.pages else { return false }
      state.begun += 1
      return true
    }
    guard isWithinLimit else { return }
    try finish(try await fetch(entry, url, in: lane, crew.session), at: place, crew)
  }

  private func leaveAlone(_ lane: CrawlLane, _ problem: String) {
    let isNew = state.withLock { $0.leftAlone.insert(Self.server(of: lane.url)).inserted }
    if isNew { note("\(lane.url.authority) is left alone, as its robots.txt cannot be read: \(problem)") }
  }

  /// What the robots.txt of a lane's server says.
  func rules(of lane: CrawlLane, _ crew: Crew) async throws -> RobotsFile {
    try await lane.rules { try await readRules(of: lane.url, crew.session) }
  }

  private func readRules(of server: HTTPURL, _ session: HTTPSession) async throws -> RobotsFile {
    var url = try server.resolve("/robots.txt")
    for _ in 0...Self.rulesHops {
      var request = HTTPClientRequest(url: url)
      request.timeout = settings.timeout
      let (outcome, _) = try await ask(request, in: lane(of: url), session) { response in
        var bytes: [UInt8] = []
        for try await piece in response.body {
          bytes += piece
          if bytes.count >= RobotsFile.sizeLimit { break }
        }
        return (status: response.status.code, location: response[.location], bytes: bytes)
      }
      switch outcome {
      case .failure(let error): return .unreachable(FailureText.of(error))
      case .success(let answer):
        switch answer.status {
        case 200..<300: return RobotsFile(parsing: answer.bytes, for: token)
        case 300..<400:
          guard let next = answer.location.flatMap({ try? url.resolve(PageLinks.trimmed($0)) }) else {
            return .missing
          }
          url = next
        // "Not now" is no leave to ask for more.
        case 429, 500...: return .unreachable("HTTP status \(answer.status)")
        default: return .missing
        }
      }
    }
    return .missing
  }

  // MARK: One URL

  private func fetch(
    _ entry: CrawlEntry, _ url: HTTPURL, in lane: CrawlLane, _ session: HTTPSession
  ) async throws -> Discovery {
    var request = HTTPClientRequest(url: url)
    request.fields[.accept] = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
    request.timeout = settings.timeout
    let (outcome, duration) = try await ask(request, in: lane, session) { response in
      try await CrawlAnswer(
        reading: response, wanted: { self.wants($0, of: entry) }, upTo: self.settings.size)
    }
    switch outcome {
    case .success(let answer): return try await discover(answer, of: entry, at: url, after: duration)
    case .failure(let error):
      var result = CrawlResult(entry, .broken)
      result.duration = duration
      switch error {
      case is TimeoutError: result.problem = "took longer than \(settings.timeout.text)"
      case let error as HTTPBodyLimitError: result.problem = "is larger than \(ByteSize(error.limit))"
      default: result.problem = FailureText.of(error)
      }
      return Discovery(result)
    }
  }

  private func wants(_ type: String?, of entry: CrawlEntry) -> Bool {
    switch entry.way {
    case .asset: false
    case .sitemap: true
    // Without a type it may be a page: what it holds says so.
    default: type.map { ["text/html", "application/xhtml+xml"].contains($0) } ?? true
    }
  }

  // MARK: Taking note

  /// Takes note of a result and of what it has led to, and puts that into its lanes.
  ///
  /// - Parameters:
  ///   - discovery: The result, and what it has led to.
  ///   - place: Where the URL's line begins in the journal.
  ///   - crew: Who fetches.
  /// - Throws: `IOError` when the journal cannot be read or written.
  func finish(_ discovery: Discovery, at place: Int, _ crew: Crew) throws {
    var (found, result) = (discovery.found, discovery.result)
    let isCircle = state.withLock { state in
      guard result.kind == .redirect, let target = result.links.first else { return false }
      return state.ledger.redirect(from: result.entry.id, to: target)
    }
    if isCircle {
      result.kind = .broken
      result.problem = "redirects in a circle"
    }
    let results = discovery.unusable + [result]
    let copies = state.withLock { state in results.flatMap { state.ledger.record($0, at: place) } }
    for copy in copies { found.append(try again(copy)) }
    let offsets = try journal.append(found.map(\.entry), results)
    for (found, offset) in zip(found, offsets) {
      if let url = found.url { enqueue(url, offset, crew) }
    }
    for result in results { show(result) }
  }

  /// A copy as what is to be fetched once more.
  func again(_ copy: CrawlLedger.Copy) throws -> Discovery.Found {
    var entry = try journal.entry(at: copy.place)
    entry.way = .again
    return Discovery.Found(entry: entry, url: try HTTPURL(entry.url))
  }
}
