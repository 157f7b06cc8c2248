import AsyncIO
import AsyncIOHTTP
import HTTPTypes
import Synchronization

// From a URL to its result.

extension Crawler {
  /// Fetches a URL, unless its server forbids that, and takes note of what came of it.
  func visit(_ entry: CrawlEntry, in lane: CrawlLane, _ crew: Crew) async throws {
    let url = try HTTPURL(entry.url)
    if let rule = try await rules(of: lane, crew).refusal(of: url.requestTarget) {
      var result = CrawlResult(entry, .excluded)
      result.problem = "robots.txt: \(rule)"
      return try finish(Discovery(result), crew)
    }
    if let discovery = try await withPermit({ try await self.fetch(entry, url, crew.session) }) {
      try finish(discovery, crew)
    }
  }

  /// What the robots.txt of a lane's server says.
  func rules(of lane: CrawlLane, _ crew: Crew) async throws -> RobotsFile {
    try await lane.rules {
      let file = try await readRules(of: lane.url, crew.session)
      if let delay = file.crawlDelay { policies.setDelay(delay, of: lane.url) }
      return file
    }
  }

  private func readRules(of url: HTTPURL, _ session: HTTPSession) async throws -> RobotsFile {
    do {
      var request = HTTPClientRequest(url: try url.resolve("/robots.txt"))
      request.timeout = patience(with: url)
      request.redirects = .follow(limit: 5)
      let (status, bytes) = try await session.stream(request) { response in
        var bytes: [UInt8] = []
        for try await piece in response.body {
          bytes += piece
          if bytes.count >= RobotsFile.sizeLimit { break }
        }
        return (response.status.code, bytes)
      }
      switch status {
      case 200..<300: return RobotsFile(parsing: bytes, for: token)
      // "Not now" is no leave to ask for more.
      case 429: return .unreachable
      case 300..<500: return .missing
      default: return .unreachable
      }
    } catch let error as HTTPError where error.code == .tooManyRedirects {
      return .missing
    } catch {
      if Task.isCancelled { throw CancellationError() }
      note("\(url.authority) is left alone, as its robots.txt cannot be read: \(FailureText.of(error))")
      return .unreachable
    }
  }

  // MARK: One request

  private func fetch(_ entry: CrawlEntry, _ url: HTTPURL, _ session: HTTPSession) async throws -> Discovery {
    let start = LoopClock.now
    do {
      var request = HTTPClientRequest(url: url)
      request.fields[.accept] = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
      request.timeout = patience(with: url)
      let (answer, duration) = try await session.stream(request) { response in
        let answer = try await CrawlAnswer(
          reading: response, wanted: { self.wants($0, of: entry) }, upTo: self.settings.size)
        // Without the wait for its turn.
        let wait = response.timings?.earlier ?? .zero
        return (answer, start.duration(to: .now) - wait)
      }
      return try await discover(answer, of: entry, at: url, after: duration)
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      var result = CrawlResult(entry, .broken)
      result.duration = start.duration(to: .now)
      switch error {
      case is TimeoutError: result.problem = "took longer than \(settings.timeout.text)"
      case let error as HTTPBodyLimitError: result.problem = "is larger than \(ByteSize(error.limit))"
      default: result.problem = FailureText.of(error)
      }
      return Discovery(result)
    }
  }

  /// How long a request may take with the wait for its turn, which comes after those of all others who ask the server.
  private func patience(with url: HTTPURL) -> Duration {
    settings.timeout + policies.interval(of: url) * settings.limitPerHost
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
  func finish(_ discovery: Discovery, _ crew: Crew) throws {
    var result = discovery.result
    let isCircle = state.withLock { state in
      guard result.kind == .redirect, let target = result.links.first else { return false }
      return state.ledger.redirect(from: result.entry.id, to: target)
    }
    if isCircle {
      result.kind = .broken
      result.problem = "redirects in a circle"
    }
    let results = discovery.unusable + [result]
    let offsets = try journal.append(discovery.found.map(\.entry), results)
    state.withLock { state in
      for result in results { state.ledger.record(result) }
    }
    for (found, offset) in zip(discovery.found, offsets) {
      if let url = found.url { enqueue(url, offset, crew) }
    }
    for result in results { show(result) }
  }
}
