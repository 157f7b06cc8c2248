import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import Glibc
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

  private func crawl(
    _ settings: CrawlSettings, journal: CrawlJournal? = nil,
    output: @escaping LiveDisplay.Sink = { _ in true }
  ) async throws -> CrawlSummary {
    let display = LiveDisplay(isLive: false, width: { 80 }, display: { _ in true }, output: output)
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

  @Test(arguments: [0, 20])
  func `a sitemap may be compressed, and is broken if it is damaged`(cut: Int) async throws {
    // <urlset><url><loc>/listed</loc></url></urlset>
    let file: [UInt8] = [
      0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xB3, 0x29, 0x2D, 0xCA, 0x29, 0x4E,
      0x2D, 0xB1, 0xB3, 0x01, 0xD2, 0x76, 0x36, 0x39, 0xF9, 0xC9, 0x76, 0xFA, 0x39, 0x99, 0xC5, 0x25,
      0xA9, 0x29, 0x36, 0xFA, 0x20, 0x8E, 0x8D, 0x3E, 0x58, 0x5C, 0x1F, 0xAA, 0x0A, 0x00, 0x81, 0x9D,
      0x77, 0x6C, 0x2E, 0x00, 0x00, 0x00,
    ]
    var settings = try settings { request in
      switch request.path {
      case "/robots.txt": HTTPServerResponse(text: "Sitemap: /map.xml.gz\n")
      case "/map.xml.gz":
        HTTPServerResponse(fields: [.contentType: "application/gzip"], body: Array(file.dropLast(cut)))
      default: Site.html("")
      }
    }
    settings.readsSitemaps = true
    #expect(try await crawl(settings).counts == (cut == 0 ? [.page: 2, .file: 1] : [.page: 1, .broken: 1]))
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
      #expect(stopped.signal == SIGINT)
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
    // What is left alone stays open: another run may be able to read the rules.
    #expect(summary.counts == (isCrawled ? [.page: 2] : [:]))
    #expect(summary.waiting == (isCrawled ? 0 : 1))
    #expect(summary.leftAlone == (isCrawled ? 0 : 1))
    #expect(summary.exitStatus == (isCrawled ? 0 : 1))
  }

  @Test func `what was left alone is crawled by the next run that can`() async throws {
    try await JournalFileTests.withPath { path in
      let isReachable = Atomic(false)
      let settings = try settings { request in
        guard isReachable.load(ordering: .relaxed) else { throw IOError(.unresolved, operation: "site.test") }
        return request.path == "/robots.txt"
          ? HTTPServerResponse(status: .notFound) : Site.html("<a href=/x>x</a>")
      }
      let first = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(first.finished == 0)
      #expect(first.waiting == 1)
      #expect(first.exitStatus == 1)
      isReachable.store(true, ordering: .relaxed)
      let second = try await crawl(settings, journal: try CrawlJournal(path: path))
      #expect(second.counts == [.page: 2])
      #expect(second.exitStatus == 0)
    }
  }

  @Test func `a redirect of robots txt is followed, a few times`() async throws {
    for (hops, isRead) in [(1, true), (5, true), (6, false)] {
      let settings = try settings { request in
        switch request.path {
        case "/robots.txt", "/robots.txt/":
          let hop = request.query.flatMap { Int($0) } ?? 0
          guard hop == hops else {
            return HTTPServerResponse(status: .found, fields: [.location: "/robots.txt?\(hop + 1)"])
          }
          return HTTPServerResponse(text: "User-agent: *\nDisallow: /\n")
        default: return Site.html("")
        }
      }
      #expect(try await crawl(settings).counts == (isRead ? [.excluded: 1] : [.page: 1]), "\(hops)")
    }
  }

  @Test func `rules that cannot be read again stay`() async throws {
    let reads = Atomic(0)
    var settings = try settings { request in
      if request.path == "/robots.txt" {
        guard reads.add(1, ordering: .relaxed).newValue == 1 else {
          return HTTPServerResponse(status: .internalServerError)
        }
        return HTTPServerResponse(text: "User-agent: *\nCrawl-delay: 3600\nDisallow: /9\n")
      }
      return Site.html((0..<60).map { "<a href=/\($0)>x</a>" }.joined())
    }
    settings.limitPerHost = 1
    let summary = try await crawl(settings)
    #expect(summary.counts == [.page: 60, .excluded: 1])
    #expect(summary.leftAlone == 0)
    #expect(reads.load(ordering: .relaxed) > 1)
  }

  @Test(arguments: [429, 503])
  func `a server that asks for a pause gets it from all, and is asked again`(status: Int) async throws {
    let times = Mutex<[LoopClock.Instant]>([])
    var settings = try settings { request in
      if request.path == "/robots.txt" { return HTTPServerResponse(status: .notFound) }
      let count = times.withLock { times in
        times.append(.now)
        return times.count
      }
      // The third one that comes is the first to be sent away.
      guard count == 3 else { return Site.html((0..<10).map { "<a href=/\($0)>x</a>" }.joined()) }
      return HTTPServerResponse(status: HTTPResponse.Status(code: status), fields: [.retryAfter: "120"])
    }
    settings.rate = 1
    settings.limitPerHost = 3
    let summary = try await crawl(settings)
    // Two minutes are longer than a request may take.
    #expect(summary.counts == [.page: 11])
    let moments = times.withLock { $0 }
    #expect(moments.count == 12)
    #expect(moments[2].duration(to: moments[3]) == .seconds(120))
  }

  @Test func `who is sent away too often is broken`() async throws {
    let asked = Atomic(0)
    let settings = try settings { request in
      if request.path == "/robots.txt" { return HTTPServerResponse(status: .notFound) }
      asked.add(1, ordering: .relaxed)
      return HTTPServerResponse(status: .tooManyRequests)
    }
    #expect(try await crawl(settings).counts == [.broken: 1])
    #expect(asked.load(ordering: .relaxed) == settings.retries + 1)
  }

  @Test func `a URL is asked for again, however many others were`() async throws {
    let asked = Mutex<[String: Int]>([:])
    let settings = try settings { request in
      if request.path == "/robots.txt" { return HTTPServerResponse(status: .notFound) }
      if request.path == "/" { return Site.html((0..<100).map { "<a href=/\($0)>x</a>" }.joined()) }
      let count = asked.withLock { asked in
        asked[request.path, default: 0] += 1
        return asked[request.path, default: 0]
      }
      return count == 1 ? HTTPServerResponse(status: .badGateway) : Site.html("")
    }
    #expect(try await crawl(settings).counts == [.page: 101])
  }

  @Test func `a body that is cut is asked for again`() async throws {
    let listener = try TCPListener(port: 0)
    let asked = Atomic(0)
    let serving = createTask {
      try await listener.serve { stream in
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
          if try await stream.read(appendingTo: &head, atMost: 1) == 0 { return }
        }
        let answer =
          if head.starts(with: "GET /robots.txt".utf8) {
            "404 Not Found\r\nContent-Length: 0\r\n\r\n"
          } else if asked.add(1, ordering: .relaxed).newValue == 1 {
            "200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>"
          } else {
            "200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>"
          }
        try await stream.write(Array("HTTP/1.1 \(answer)".utf8))
      }
    }
    defer { serving.cancel() }
    var settings = try settings { _ in HTTPServerResponse(status: .notFound) }
    settings.start = try HTTPURL("http://127.0.0.1:\(listener.localAddress.port)/")
    settings.scope = try CrawlScope(start: settings.start)
    settings.network = []
    #expect(try await crawl(settings).counts == [.page: 1])
    #expect(asked.load(ordering: .relaxed) == 2)
  }

  @Test func `slow servers hold up no other one`() async throws {
    let slow = (0..<5).map { "slow\($0).test" }
    let ends = Mutex<[String: LoopClock.Instant]>([:])
    var settings = try settings { request in
      if request.path == "/robots.txt" {
        return request.authority == "site.test"
          ? HTTPServerResponse(status: .notFound)
          : HTTPServerResponse(text: "User-agent: *\nCrawl-delay: 60\n")
      }
      ends.withLock { $0[request.authority ?? ""] = .now }
      guard request.authority == "site.test" else { return Site.html("") }
      // Enough for all workers that a server may have, and so for all requests that may be under way.
      let others = slow.flatMap { host in (0..<4).map { "<a href=http://\(host)/\($0)>x</a>" } }.joined()
      return Site.html(others + (0..<50).map { "<a href=/\($0)>x</a>" }.joined())
    }
    settings.scope = try CrawlScope(start: settings.start, hosts: slow)
    settings.rate = 10
    let start = LoopClock.now
    let summary = try await crawl(settings)
    #expect(summary.counts == [.page: 51 + 5 * 4])
    let moments = ends.withLock { $0 }
    #expect(start.duration(to: try #require(moments["site.test"])) < .seconds(6))
    #expect(start.duration(to: try #require(moments["slow0.test"])) >= .seconds(240))
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

  @Test(arguments: [
    // To the copy itself, over one more, to what is missing, forbidden, no page, or elsewhere.
    ["/b": "302 COPY"], ["/b": "302 /r", "/r": "301 COPY"], [:],
    ["/robots.txt": "User-agent: *\nDisallow: /b"], ["/b": "text"], ["/b": "302 http://elsewhere.test/"],
  ])
  func `a copy of what is no page is read itself`(others: [String: String]) async throws {
    // Found before its original, and after it.
    for copy in ["/", "/copy"] {
      let settings = try settings { request in
        switch (request.path, others[request.path]) {
        case (copy, _): return Site.html("<link rel=canonical href=/b><a href=/c>x</a>")
        case ("/", _): return Site.html("<a href=/b>x</a><a href=/copy>x</a>")
        case ("/c", _): return Site.html("")
        case (_, let text?) where text.hasPrefix("30"):
          return HTTPServerResponse(
            status: HTTPResponse.Status(code: Int(text.prefix(3)) ?? 0),
            fields: [.location: String(text.dropFirst(4)).replacing("COPY", with: copy)])
        case (_, let text?): return HTTPServerResponse(text: text)
        default: return HTTPServerResponse(status: .notFound)
        }
      }
      let journal = try CrawlJournal(path: nil)
      let summary = try await crawl(settings, journal: journal)
      let pages = copy == "/" ? 2 : 3
      #expect(summary.counts[.page] == pages, "\(copy), \(others)")
      #expect(summary.counts[.duplicate] == nil)
      #expect(summary.waiting == 0)
      let report = try CrawlReport(journal)
      #expect(report.tally[.page] == pages)
      #expect(report.tally[.duplicate] == 0)
      #expect(report.waiting == 0)
    }
  }

  @Test func `a copy is read itself also by a run that goes on`() async throws {
    let journal = try CrawlJournal(path: nil)
    let settings = try settings(
      pages(["/": "<link rel=canonical href=/b><a href=/c>x</a>", "/c": "", "/d": ""]))
    // What an earlier run has noted, before copies were read.
    var (copy, original) = (
      CrawlResult(CrawlEntry(Self.start, id: 0, way: .start), .duplicate),
      CrawlResult(CrawlEntry(Self.start + "b", id: 1, way: .canonical), .broken)
    )
    (copy.status, copy.target, copy.links, original.status) = (200, Self.start + "b", [1], 404)
    try journal.append([copy.entry])
    try journal.append([original.entry], [copy])
    try journal.append([], [original])
    #expect(try await crawl(settings, journal: journal).counts == [.page: 2, .broken: 1])
    let again = try await crawl(settings, journal: journal)
    #expect(again.counts == [.page: 2, .broken: 1])
    #expect(again.earlier == 3)
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

  @Test func `a crawl goes on that was cut behind a link that is none`() async throws {
    let journal = try CrawlJournal(path: nil)
    try journal.append([
      CrawlEntry(Self.start, id: 0, way: .start),
      CrawlEntry("http://a b/", id: 1, depth: 1, referrer: Self.start, way: .link),
    ])
    let settings = try settings(pages(["/": "<a href='http://a b/'>x</a>"]))
    let summary = try await crawl(settings, journal: journal)
    #expect(summary.counts == [.page: 1, .broken: 1])
    #expect(summary.waiting == 0)
  }

  @Test func `links that are none do not count as pages that were fetched`() async throws {
    let journal = try CrawlJournal(path: nil)
    var settings = try settings(pages(["/": "<a href='http://a b/'>x</a><a href=/c>x</a>", "/c": ""]))
    settings.pages = 1
    #expect(try await crawl(settings, journal: journal).counts == [.page: 1, .broken: 1])
    settings.pages = 2
    #expect(try await crawl(settings, journal: journal).counts == [.page: 2, .broken: 1])
  }

  @Test func `when nobody reads the results, the crawl ends`() async throws {
    let site = Site(pages: 50)
    var settings = try settings(site.answer)
    settings.output = .text
    let lines = Atomic(0)
    let summary = try await crawl(
      settings,
      output: { _ in
        if lines.add(1, ordering: .relaxed).newValue < 5 { return true }
        errno = EPIPE
        return false
      })
    #expect(summary.waiting > 0)
    #expect(summary.signal == nil)
    #expect(summary.exitStatus == 1)
  }

  @Test func `a redirect to nowhere is broken, and bytes are those that arrived`() async throws {
    let journal = try CrawlJournal(path: nil)
    let settings = try settings { request in
      switch request.path {
      case "/":
        HTTPServerResponse(
          fields: [.contentType: "text/html; charset=iso-8859-1"],
          body: Array("<a href=/nowhere>".utf8) + [0xE9, 0xE8] + Array("</a>".utf8))
      case "/nowhere": HTTPServerResponse(status: .found)
      default: HTTPServerResponse(status: .notFound)
      }
    }
    #expect(try await crawl(settings, journal: journal).counts == [.page: 1, .broken: 1])
    let results = try results(in: journal)
    #expect(results["/"]?.bytes == 23)
    #expect(results["/nowhere"]?.problem == "redirects to nowhere")
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
