import AsyncIOHTTP
import Testing

@testable import asyncio

@Suite struct CrawlURLTests {
  @Test(arguments: [
    ("HTTP://H:80/a/../b#c", "http://h/b"), ("http://h", "http://h/"),
    ("http://h/%7ea%2fb%c3%a9", "http://h/~a%2Fb%C3%A9"),
    ("http://h/?b=%61&a", "http://h/?b=a&a"), ("http://h/a;jsessionid=1F?x=1", "http://h/a?x=1"),
    ("http://h/a;v=1;JSESSIONID=1/b", "http://h/a;v=1/b"), ("http://h/?PHPSESSID=x&a=1", "http://h/?a=1"),
    ("http://h/?utm_source=a&UTM_medium=b", "http://h/"), ("http://h/?gclid=1", "http://h/"),
    ("http://h/?sid=0123456789abcdef", "http://h/"), ("http://h/?sid=12", "http://h/?sid=12"),
    ("http://h/?s=a+search+for+something", "http://h/?s=a+search+for+something"),
    ("http://h/?", "http://h/?"),
    ("http://h//a;jsessionid=1", "http://h//a"), ("http://h/100%", "http://h/100%25"),
  ])
  func `URLs of one page have one form`(text: String, normal: String) throws {
    let url = CrawlURL.normalized(try HTTPURL(text))
    #expect(url.description == normal)
    #expect(CrawlURL.normalized(url) == url)
  }

  @Test func `sessions stay where they are to`() throws {
    let url = try HTTPURL("http://h/a;jsessionid=1?utm_source=x&b=%61")
    #expect(
      CrawlURL.normalized(url, keepsParameters: true).description
        == "http://h/a;jsessionid=1?utm_source=x&b=a")
  }

  @Test(arguments: [
    ("http://h/calendar/2026/11", "h/calendar/#/#"), ("http://h/a12b", "h/a#b"),
    ("http://h/?b=1&a=2&a=3", "h/?a&b"),
    ("http://h/?", "h/?"),
  ])
  func `URLs that a program makes have a shape`(text: String, shape: String) throws {
    #expect(URLShape.pattern(of: try HTTPURL(text)) == shape)
  }

  @Test(arguments: [
    ("/a/a/a/", false), ("/a/a/a/a/", true), ("/x/a/b/a/b/a/b/a/b", true), ("/a/b/a/b/a/b/a/c", false),
    ("/a/b/c/a/b/c/a/b/c/a/b/c/", true), ("/", false), ("/a/b/c/d/e/f", false),
  ])
  func `paths that go in a circle are known`(path: String, isRepeating: Bool) {
    #expect(URLShape.isRepeating(path) == isRepeating)
  }

  @Test func `a sitemap lists pages, an index sitemaps`() {
    let pages = Sitemap(
      Array("<urlset><url><loc> https://h/?a=1&amp;b=2 </loc></url><url><loc><![CDATA[/x]]></loc></url>".utf8)
    )
    #expect(pages.locations == ["https://h/?a=1&b=2", "/x"])
    #expect(!pages.isIndex)
    #expect(Sitemap(Array("<?xml?><sitemapindex><sitemap><loc>/a</loc>".utf8)).isIndex)
    #expect(Sitemap(Array("no xml < at <loc".utf8)).locations.isEmpty)
  }
}
