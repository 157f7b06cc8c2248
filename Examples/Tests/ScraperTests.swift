import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@testable import Scraper

@Suite struct ScraperTests {
  /// Scrapes a site of `pages`, by path; the pages that were told, by their URL.
  func scrape(_ pages: [String: String], maximum: Int = 1000) async throws -> (
    pages: [Page], requests: [String]
  ) {
    let mock = HTTPMock()
    mock.on(.get, "*") { request in
      guard let text = pages[request.url.path] else {
        return HTTPClientResponse(status: .notFound, to: request)
      }
      return HTTPClientResponse(body: Array(text.utf8), to: request)
    }
    var configuration = Scraper.configuration
    configuration.middleware.append(mock)
    let told = Mutex<[Page]>([])
    try await withHTTPSession(configuration) { session in
      let scraper = Scraper(session: session, maximumPages: maximum)
      try await scraper.scrape(try HTTPURL("http://site/")) { page in told.withLock { $0.append(page) } }
    }
    return (told.withLock { $0.sorted { $0.url < $1.url } }, mock.requests.map(\.url.description))
  }

  @Test(.virtualTime) func `each page is read once, and no other host`() async throws {
    let result = try await scrape([
      "/": #"<title>Home</title><a href="/a">A</a><a href="a#part">A</a><a href="http://other/">other</a>"#,
      "/a": #"<title>A</title><a href="/">home</a>"#,
    ])
    #expect(
      result.pages == [
        Page(url: "http://site/", title: "Home", links: 3), Page(url: "http://site/a", title: "A", links: 1),
      ])
    #expect(result.requests.sorted() == ["http://site/", "http://site/a"])
  }

  @Test(.virtualTime) func `a page that is missing is told, and the rest goes on`() async throws {
    let result = try await scrape(["/": #"<a href="/gone">gone</a><a href="/a">A</a>"#, "/a": ""])
    #expect(result.pages.map(\.url) == ["http://site/", "http://site/a", "http://site/gone"])
    #expect(result.pages.map { $0.error == nil } == [true, true, false])
  }

  @Test(.virtualTime) func `no more pages than wanted`() async throws {
    let links = (1...100).map { "<a href=\"/\($0)\">\($0)</a>" }.joined()
    let result = try await scrape(["/": links], maximum: 10)
    #expect(result.pages.count == 10)
  }

  @Test(.virtualTime) func `not too often`() async throws {
    let links = (1...100).map { "<a href=\"/\($0)\">\($0)</a>" }.joined()
    let start = LoopClock.now
    let result = try await scrape(["/": links])
    #expect(result.pages.count == 101)
    #expect(start.duration(to: LoopClock.now) >= .seconds(4))  // twenty in a second, after a burst of twenty
  }
}
