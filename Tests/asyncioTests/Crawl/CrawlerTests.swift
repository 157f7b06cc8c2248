import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import asyncio

@Suite(.virtualTime) struct CrawlerTests {
  private static let start = "http://site.test/"

  private func settings(_ handler: @escaping HTTPServer.Handler) throws -> CrawlSettings {
    let start = try HTTPURL(Self.start)
    var settings = CrawlSettings(start: start, scope: try CrawlScope(start: start))
    settings.network = [HTTPInProcessServer(handler: handler)]
    settings.output = .nothing
    settings.rate = 0
    settings.proxies = .none
    return settings
  }

  private func crawl(_ settings: CrawlSettings, journal: CrawlJournal? = nil) async throws -> CrawlSummary {
    let display = LiveDisplay(isLive: false, width: { 80 }, display: { _ in true }, output: { _ in true })
    return try await Crawler(settings, try journal ?? CrawlJournal(path: nil), display: display).run()
  }

  private func results(in journal: CrawlJournal) throws -> [String: CrawlResult] {
    var results: [String: CrawlResult] = [:]
    try journal.forEach { line in
      if case .finished(let result) = line {
        results[String(result.entry.url.dropFirst(Self.start.count - 1))] = result
      }
    }
    return results
  }

  /// Pages by their paths; others are missing.
  private func pages(_ pages: [String: String]) -> HTTPServer.Handler {
    { request in pages[request.path].map { Site.html($0) } ?? HTTPServerResponse(status: .notFound) }
  }

  // MARK: A site with traps

  @Test(arguments: [1, 4])
  func `each page is fetched once, and no trap holds the crawler`(perHost: Int) async throws {
    let site = Site(pages: 150)
    var settings = try settings(site.answer)
    settings.limitPerHost = perHost
    settings.alike = 60
    let journal = try CrawlJournal(path: nil)
    let summary = try await crawl(settings, journal: journal)
    #expect(site.complaints(alike: 60) == [])
    #expect(summary.waiting == 0)
    #expect(summary.exitStatus == 1)

    let results = try results(in: journal)
    #expect(results["/traps/redirect/1"]?.target == "http://site.test/traps/redirect/2")
    #expect(results["/traps/circle/b"]?.problem == "redirects in a circle")
    #expect(results["/traps/self"]?.problem == "redirects in a circle")
    #expect(results["/traps/onward/11"]?.problem == "comes after 10 redirects")
    #expect(results["/traps/away"]?.kind == .redirect)
    #expect(results["/traps/huge"]?.problem == "is larger than 4.0 MiB")
    #expect(results["/traps/slow"]?.problem == "took longer than 30.0 s")
    #expect(results["/traps/drip"]?.problem == "took longer than 30.0 s")
    #expect(results["/traps/flaky"]?.status == 200)
    #expect(results["/traps/missing/1"]?.kind == .broken)
    #expect(results["/traps/picture.html"]?.kind == .file)
    #expect(results["/traps/print?page=1"]?.kind == .duplicate)
    #expect(results["/private/1"]?.problem == "robots.txt: Disallow: /private/")
    #expect(results["/traps/run.cgi"]?.kind == .excluded)
    #expect(results["/traps/"]?.leftOut[.elsewhere] == 1)
    #expect(results["/traps/"]?.leftOut[.long] == 1)
    #expect(results["/traps/"]?.leftOut[.nofollow] == 1)
  }

  @Test func `sitemaps are read if they are to be`() async throws {
    let site = Site(pages: 20)
    var settings = try settings(site.answer)
    settings.readsSitemaps = true
    settings.alike = 60
    _ = try await crawl(settings)
    #expect(site.complaints(sitemaps: true, alike: 60) == [])
  }

  @Test func `two crawls of one site are the same to the letter`() async throws {
    func lines() async throws -> [String] {
      var settings = try settings(Site(pages: 40).answer)
      settings.alike = 50
      settings.limitPerHost = 3
      let journal = try CrawlJournal(path: nil)
      _ = try await crawl(settings, journal: journal)
      var lines: [String] = []
      try journal.forEach { line in
        switch line {
        case .found(let entry, _): lines.append(entry.journalLine)
        case .finished(let result): lines.append(result.journalLine)
        case .alike(let shape): lines.append(shape)
        }
      }
      return lines
    }
    let first = try await lines()
    #expect(try await lines() == first)
    #expect(first.count > 300)
  }

  // MARK: Stopping and going on

  @Test(arguments: [3, 40, 130])
  func `after a stop only what was under way is fetched again`(count: Int) async throws {
    try await JournalFileTests.withPath { path in
      let site = Site(pages: 120)
      let reached = AsyncEvent()
      let asked = Atomic(0)
      var settings = try settings { request in
        if asked.add(1, ordering: .relaxed).newValue == count { reached.set() }
        try await sleep(for: .milliseconds(10))
        return try await site.answer(request)
      }
      settings.alike = 60
      settings.limitPerHost = 3
      let (crawled, limit) = (settings, settings.limitPerHost)
      let first = createTask { try await self.crawl(crawled, journal: try CrawlJournal(path: path)) }
      try await reached.wait()
      first.cancel()
      let stopped = try await first.value
      #expect(stopped.isInterrupted)
      #expect(stopped.exitStatus == 130)
      #expect(stopped.waiting > 0)
      let summary = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(summary.waiting == 0)
      #expect(summary.earlier == stopped.finished)
      let complaints = site.complaints(alike: 60).filter { !$0.hasSuffix("/robots.txt") }
      #expect(complaints.count <= limit)
      #expect(complaints.allSatisfy { $0.hasPrefix("2 times instead of once") })
      let third = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(third.finished == third.earlier)
    }
  }

  @Test func `enough pages are enough, and another run goes on with the rest`() async throws {
    try await JournalFileTests.withPath { path in
      let site = Site(pages: 50)
      var settings = try settings(site.answer)
      settings.alike = 60
      settings.pages = 10
      let first = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(first.finished - first.counts[.excluded, default: 0] == 10)
      #expect(first.waiting > 0)
      #expect(first.exitStatus == 0)
      settings.pages = 100_000
      let second = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(second.waiting == 0)
      // Each run reads robots.txt.
      #expect(site.complaints(alike: 60) == ["2 times instead of once: /robots.txt"])
    }
  }

  @Test func `a journal of another site is refused`() async throws {
    let journal = try CrawlJournal(path: nil)
    var settings = try settings(pages(["/": ""]))
    _ = try await crawl(settings, journal: journal)
    settings.start = try HTTPURL("http://site.test/other")
    await #expect(throws: CrawlJournalMismatch.self) { try await crawl(settings, journal: journal) }
  }

  // MARK: Politeness

  @Test func `a server gets the pauses that it asks for`() async throws {
    let times = Mutex<[LoopClock.Instant]>([])
    var settings = try settings { request in
      if request.path == "/robots.txt" { return HTTPServerResponse(text: "User-agent: *\nCrawl-delay: 5\n") }
      times.withLock { $0.append(.now) }
      return Site.html((0..<5).map { "<a href=/\($0)>x</a>" }.joined())
    }
    settings.limitPerHost = 4
    _ = try await crawl(settings)
    let moments = times.withLock { $0 }
    #expect(moments.count == 6)
    for (before, after) in zip(moments, moments.dropFirst()) {
      #expect(before.duration(to: after) >= .seconds(5))
      #expect(before.duration(to: after) < .seconds(6))
    }
  }

  @Test func `requests are begun as often as the rate allows, and no more are under way`() async throws {
    struct Load {
      var now = 0
      var most = 0
      var starts: [LoopClock.Instant] = []
    }
    let load = Mutex(Load())
    var settings = try settings { request in
      if request.path == "/robots.txt" { return HTTPServerResponse(status: .notFound) }
      load.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
        $0.starts.append(.now)
      }
      try await sleep(for: .seconds(1))
      load.withLock { $0.now -= 1 }
      return Site.html((0..<20).map { "<a href=/\($0)>x</a>" }.joined())
    }
    settings.rate = 10
    settings.limitPerHost = 3
    _ = try await crawl(settings)
    let seen = load.withLock { $0 }
    #expect(seen.most == 3)
    for (before, after) in zip(seen.starts, seen.starts.dropFirst()) {
      #expect(before.duration(to: after) >= .milliseconds(99))
    }
  }

  @Test(arguments: [(500, false), (503, false), (429, false), (404, true), (403, true), (410, true)])
  func `without its robots txt a server is crawled or left alone`(status: Int, isCrawled: Bool) async throws {
    let journal = try CrawlJournal(path: nil)
    var settings = try settings { request in
      request.path == "/robots.txt"
        ? HTTPServerResponse(status: HTTPResponse.Status(code: status)) : Site.html("<a href=/x>x</a>")
    }
    settings.retries = 0
    let summary = try await crawl(settings, journal: journal)
    #expect(summary.counts == (isCrawled ? [.page: 2] : [.excluded: 1]))
  }

  @Test func `robots txt is read again after a day, however long its turn takes`() async throws {
    let reads = Atomic(0)
    var settings = try settings { request in
      if request.path == "/robots.txt" {
        reads.add(1, ordering: .relaxed)
        return HTTPServerResponse(text: "User-agent: *\nCrawl-delay: 3600\n")
      }
      return Site.html((0..<60).map { "<a href=/\($0)>x</a>" }.joined())
    }
    settings.limitPerHost = 1
    let summary = try await crawl(settings)
    #expect(summary.counts == [.page: 61])
    #expect(reads.load(ordering: .relaxed) == 3)
  }

  // MARK: Links

  @Test func `other hosts are crawled if they belong to the site, each by its own rules`() async throws {
    let journal = try CrawlJournal(path: nil)
    var settings = try settings { request in
      switch (request.authority, request.path) {
      case ("other.test", "/robots.txt"): HTTPServerResponse(text: "User-agent: *\nDisallow: /no\n")
      case ("site.test", "/"):
        Site.html("<a href=//other.test/yes>x</a><a href=//other.test/no>x</a><a href=//third.test/>x</a>")
      default: Site.html("")
      }
    }
    settings.scope = try CrawlScope(start: settings.start, hosts: ["other.test"])
    let summary = try await crawl(settings, journal: journal)
    #expect(summary.counts == [.page: 2, .excluded: 1])
    #expect(try results(in: journal)["/"]?.leftOut == [.elsewhere: 1])
  }

  @Test func `pages that call each other the original do not hide their links`() async throws {
    let journal = try CrawlJournal(path: nil)
    let summary = try await crawl(
      try settings(
        pages([
          "/": "<link rel=canonical href=/b>", "/b": "<link rel=canonical href=/><a href=/c>x</a>", "/c": "",
        ])), journal: journal)
    #expect(summary.counts == [.duplicate: 1, .page: 2])
  }

  @Test func `a page is no deeper than the depth`() async throws {
    var settings = try settings { request in
      let number = Int(request.path.dropFirst()) ?? 0
      return Site.html("<a href=/\(number + 1)>x</a>")
    }
    settings.depth = 7
    #expect(try await crawl(settings).counts[.page] == 8)
  }

  @Test func `what is no URL is broken, with the page on which it stands`() async throws {
    let journal = try CrawlJournal(path: nil)
    let summary = try await crawl(
      try settings(pages(["/": "<a href='http://a b/'>x</a><a href='http://a b/'>x</a><a href=tel:1>x</a>"])),
      journal: journal)
    #expect(summary.counts == [.page: 1, .broken: 1])
    var broken: [CrawlResult] = []
    try journal.forEach {
      if case .finished(let result) = $0, result.kind == .broken { broken.append(result) }
    }
    #expect(broken.map(\.entry.url) == ["http://a b/"])
    #expect(broken.map(\.entry.referrer) == [Self.start])
  }

  @Test func `assets are checked if they are to be, and not read`() async throws {
    var settings = try settings(
      pages([
        "/": "<img src=/a.png srcset='/b.png 2x'><a href=/c>x</a>", "/a.png": "<a href=/d>x</a>", "/c": "",
      ]))
    #expect(try await crawl(settings).counts == [.page: 2])
    settings.withAssets = true
    #expect(try await crawl(settings).counts == [.page: 2, .file: 1, .broken: 1])
  }
}
