import Testing

@testable import asyncio

@Suite struct CrawlReportTests {
  /// A journal in which these results stand.
  static func journal(_ results: [CrawlResult]) throws -> CrawlJournal {
    let journal = try CrawlJournal(path: nil)
    for result in results { try journal.append([result.entry], [result]) }
    return journal
  }

  static func result(
    _ id: Int, _ path: String, _ kind: CrawlResult.Kind = .page, status: Int? = 200, to links: [Int] = [],
    target: String? = nil, problem: String? = nil
  ) -> CrawlResult {
    let url = path.hasPrefix("/") ? "http://h\(path)" : path
    var result = CrawlResult(CrawlEntry(url, id: id, depth: min(id, 3), way: id == 0 ? .start : .link), kind)
    result.status = status
    result.type = kind == .page ? "text/html" : nil
    result.bytes = 1000 * (id + 1)
    result.duration = .milliseconds(10 * (id + 1))
    result.links = links
    result.target = target
    result.problem = problem
    return result
  }

  @Test func `what is broken is named with the pages that lead there`() throws {
    let results =
      [Self.result(0, "/", to: [1])] + (2..<10).map { Self.result($0, "/p\($0)", to: [1, 0]) }
      + [Self.result(1, "/gone", .broken, status: 404)]
    let report = try CrawlReport(try Self.journal(results))
    #expect(report.broken.count == 1)
    #expect(report.broken[0].referrerCount == 9)
    #expect(
      report.broken[0].referrers == ["http://h/", "http://h/p2", "http://h/p3", "http://h/p4", "http://h/p5"])
    #expect(report.tally[.page] == 9)
    #expect(report.statuses == [200: 9, 404: 1])
    #expect(report.depths == [0: 1, 2: 1, 3: 7])
    #expect(report.slowest.elements[0].entry.id == 9)
    #expect(report.types["text/html"]?.count == 9)
  }

  @Test func `redirects that follow each other are one chain`() throws {
    let report = try CrawlReport(
      try Self.journal([
        Self.result(2, "/b", .redirect, status: 301, to: [3], target: "http://h/c"),
        Self.result(1, "/a", .redirect, status: 302, to: [2], target: "http://h/b"),
        Self.result(3, "/c"),
        Self.result(4, "/x", .redirect, status: 302, to: [5], target: "http://h/y"),
        Self.result(
          5, "/y", .broken, status: 302, to: [4], target: "http://h/x", problem: "redirects in a circle"),
        Self.result(6, "/out", .redirect, status: 302, target: "http://other/"),
        Self.result(7, "/to", .redirect, status: 302, to: [8], target: "http://h/gone"),
        Self.result(8, "/gone", .broken, status: 410),
      ]))
    let texts = report.chains.map { chain in
      (chain.steps.map(\.entry.url) + [chain.end]).map { $0.replacing("http://h", with: "") }.joined(
        separator: " ")
        + (chain.problem.map { ": \($0)" } ?? "")
    }
    #expect(
      Set(texts) == [
        "/a /b /c", "/x /y /x: a circle", "/out http://other/: not followed",
        "/to /gone: leads to what is broken",
      ])
    #expect(texts[0] == "/x /y /x: a circle")
  }

  @Test func `what is too much for a list is counted in full`() throws {
    let count = CrawlReport.listed + 3
    var results = [Self.result(0, "/", to: Array(1...count))]
    for id in 1...count {
      // Each leads to what is broken, the last ones to what is not listed.
      let end = count + id
      results.append(
        Self.result(id, "/r\(id)", .redirect, status: 301, to: [end], target: "http://h/gone\(id)"))
      results.append(Self.result(end, "/gone\(id)", .broken, status: 404))
    }
    results.append(Self.result(2 * count + 1, "/fine", .redirect, status: 301, to: [0], target: "http://h/"))
    let report = try CrawlReport(try Self.journal(results))
    #expect(report.broken.count == CrawlReport.listed)
    #expect(report.brokenReferrerCount == count)
    #expect(report.chains.count == CrawlReport.listed)
    #expect(report.chains.allSatisfy { $0.problem == "leads to what is broken" })
    #expect(report.chainCount == count + 1)
    let html = CrawlReportPage(report: report, date: "today").html
    #expect(html.contains("on \(count) pages"))
    #expect(html.contains("The first \(CrawlReport.listed) of \(count + 1)."))
  }

  @Test func `pages that lead to what is broken are counted once, however many there are`() throws {
    let pages = (2..<20).map { Self.result($0, "/p\($0)", to: [1, 20]) }
    let report = try CrawlReport(
      try Self.journal(
        pages + [
          Self.result(1, "/gone", .broken, status: 404), Self.result(20, "/too", .broken, status: 410),
        ]))
    #expect(report.brokenReferrerCount == 18)
  }

  @Test func `a copy that was read after all is a page, and counted once`() throws {
    let journal = try Self.journal([
      Self.result(0, "/", .duplicate, to: [1], target: "http://h/b"),
      Self.result(1, "/b", .redirect, status: 302, to: [0], target: "http://h/"),
    ])
    try journal.append([CrawlEntry("http://h/", id: 0, way: .again)], [Self.result(0, "/", to: [1])])
    let report = try CrawlReport(journal)
    #expect(report.tally.total == 2)
    #expect(report.tally[.page] == 1)
    #expect(report.copies.isEmpty)
    #expect(report.waiting == 0)
  }

  @Test func `rules, copies and what was left out are counted`() throws {
    var start = Self.result(0, "/")
    start.leftOut = [.elsewhere: 3, .deep: 1]
    let journal = try Self.journal([
      start, Self.result(1, "/p/1", .excluded, status: nil, problem: "robots.txt: Disallow: /p/"),
      Self.result(2, "/p/2", .excluded, status: nil, problem: "robots.txt: Disallow: /p/"),
      Self.result(3, "/copy", .duplicate, to: [0], target: "http://h/"),
    ])
    try journal.append(trap: "h/calendar/#")
    try journal.append([CrawlEntry("http://h/waiting", id: 4, way: .link)])
    let report = try CrawlReport(journal)
    #expect(report.excluded.map(\.name) == ["robots.txt: Disallow: /p/"])
    #expect(report.excluded.map(\.count) == [2])
    #expect(report.copies.map(\.examples) == [["http://h/copy"]])
    #expect(report.leftOut == [.elsewhere: 3, .deep: 1])
    #expect(report.alike == ["h/calendar/#"])
    #expect(report.waiting == 1)
  }

  @Test func `a page of HTML says it, whatever the URLs hold`() throws {
    let report = try CrawlReport(
      try Self.journal([
        Self.result(0, "/", to: [1, 2]),
        Self.result(1, "/<script>&\"'", .broken, status: nil, problem: "<b>&"),
        Self.result(2, "javascript:alert(1)", .broken, status: nil, problem: "is no usable URL"),
        Self.result(3, "/\"\u{301}onclick=x \u{600}<img>", .broken, status: nil, problem: "\u{600}<img>"),
      ]))
    let html = CrawlReportPage(report: report, date: "today").html
    #expect(!html.contains("<script"))
    // Bytes, as characters hide them.
    #expect(Array(html.utf8).firstRange(of: Array("<img".utf8)) == nil)
    #expect(Array(html.utf8).firstRange(of: Array("\"\u{301}".utf8)) == nil)
    #expect(!html.contains("href=\"javascript:"))
    #expect(html.contains("&lt;b&gt;&amp;"))
    #expect(html.hasSuffix("</html>\n"))
  }

  @Test func `the first ones are kept, and of equal ones those that came first`() {
    var list = TopList<(Int, String)>(3) { $0.0 > $1.0 }
    for element in [(1, "a"), (5, "b"), (3, "c"), (5, "d"), (3, "e"), (0, "f")] { list.add(element) }
    #expect(list.elements.map(\.1) == ["b", "d", "c"])
  }

  @Test func `a histogram knows how long most took`() {
    var histogram = DurationHistogram()
    #expect(histogram.quantile(0.5) == nil)
    for milliseconds in 1...100 { histogram.add(.milliseconds(milliseconds)) }
    #expect(histogram.quantile(0.5) == .milliseconds(50))
    #expect(histogram.quantile(1) == .milliseconds(100))
    histogram.add(.seconds(100_000))
    #expect(histogram.quantile(1) == .seconds(1000))
  }

  @Test func `a date is written out`() {
    #expect(ReportDate.text(ofSeconds: 1_795_703_645) == "26 November 2026, 14:34 UTC")
  }
}
