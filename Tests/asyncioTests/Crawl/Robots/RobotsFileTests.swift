import Testing

@testable import asyncio

@Suite struct RobotsFileTests {
  private func isAllowed(_ target: String, _ text: String, for token: String = "asyncio-crawl") -> Bool {
    RobotsFile(parsing: Array(text.utf8), for: token).refusal(of: target) == nil
  }

  @Test func `an empty file allows everything`() {
    #expect(isAllowed("/", ""))
    #expect(isAllowed("/a", "User-agent: *\nDisallow:\n"))
    #expect(isAllowed("/a", "nonsense\n: x\nDisallow: /\n"))  // a rule of no group
  }

  @Test func `the group by name holds, and that for all only without one`() {
    let text = """
      user-agent: *
      disallow: /
      User-Agent: Asyncio-Crawl/2.0 (whatever)
      Disallow: /own
      """
    #expect(isAllowed("/a", text))
    #expect(!isAllowed("/own", text))
    #expect(!isAllowed("/a", text, for: "other"))
  }

  @Test func `groups with the same name are one, and a group may have several names`() {
    let text = """
      User-agent: a
      User-agent: asyncio-crawl
      Disallow: /1

      User-agent: b
      Disallow: /2

      User-agent: ASYNCIO-CRAWL
      Disallow: /3
      """
    #expect(!isAllowed("/1", text))
    #expect(isAllowed("/2", text))
    #expect(!isAllowed("/3", text))
    #expect(!isAllowed("/1", text, for: "a"))
    #expect(isAllowed("/1", text, for: "c"))
  }

  @Test func `the longest rule holds, and of two as long the one that allows`() {
    let text = """
      User-agent: *
      Disallow: /x/
      Allow: /x/page
      Disallow: /x/page.htm
      Allow: /same
      Disallow: /same
      """
    #expect(!isAllowed("/x/", text))
    #expect(isAllowed("/x/page", text))
    #expect(isAllowed("/x/page2", text))
    #expect(!isAllowed("/x/page.html", text))
    #expect(isAllowed("/same", text))
    #expect(isAllowed("/X/", text))  // capitals count in paths
  }

  @Test func `robots txt itself is always allowed`() {
    #expect(isAllowed("/robots.txt", "User-agent: *\nDisallow: /\n"))
    #expect(RobotsFile.unreachable("busy").refusal(of: "/robots.txt") == nil)
  }

  @Test func `a file that is missing allows all, one that cannot be read nothing`() {
    #expect(RobotsFile.missing.refusal(of: "/a") == nil)
    #expect(RobotsFile.unreachable("busy").refusal(of: "/a") != nil)
  }

  @Test(arguments: ["\n", "\r", "\r\n"])
  func `lines end in any way, comments and blanks do not count`(end: String) {
    let text = ["\u{FEFF}User-agent : * # all", "  Disallow\t:\t/a # b", "", "Allow: /a/b"].joined(
      separator: end)
    #expect(!isAllowed("/a", text))
    #expect(isAllowed("/a/b", text))
  }

  @Test func `what is beyond 500 KiB is passed over`() {
    let filler = String(repeating: "# \(String(repeating: "x", count: 97))\n", count: 5120)
    #expect(filler.utf8.count == RobotsFile.sizeLimit)
    #expect(isAllowed("/a", filler + "User-agent: *\nDisallow: /\n"))
    #expect(!isAllowed("/a", String(filler.dropFirst(500)) + "User-agent: *\nDisallow: /\n"))
  }

  @Test func `the delay is that of the group, and does not end its names`() {
    func delay(_ text: String, for token: String = "asyncio-crawl") -> Duration? {
      RobotsFile(parsing: Array(text.utf8), for: token).crawlDelay
    }
    let text = "User-agent: a\nCrawl-delay: 2.5\nUser-agent: *\nCrawl-delay: 10\nDisallow: /b\n"
    #expect(delay(text, for: "a") == .seconds(2.5))
    #expect(delay(text) == .seconds(10))
    #expect(!isAllowed("/b", text, for: "a"))
    #expect(delay("User-agent: *\nCrawl-delay: soon\n") == nil)
    #expect(delay("User-agent: *\nCrawl-delay: -1\n") == nil)
    #expect(delay("User-agent: *\nCrawl-delay: 1e300\n") == RobotsFile.longestDelay)
  }

  @Test func `sitemaps belong to no group`() {
    let text = "Sitemap: /a.xml\nUser-agent: x\nSitemap: https://h/b.xml\nDisallow: /\n"
    #expect(RobotsFile(parsing: Array(text.utf8), for: "y").sitemaps == ["/a.xml", "https://h/b.xml"])
    #expect(!isAllowed("/", text, for: "x"))
  }

  @Test func `a name is what a user agent begins with`() {
    #expect(RobotsFile.productToken(of: "My_Bot-x/1.0 (+https://h/)") == "My_Bot-x")
    #expect(RobotsFile.productToken(of: "1bot") == "")
  }
}
