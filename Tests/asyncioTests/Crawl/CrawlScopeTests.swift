import AsyncIOHTTP
import Testing

@testable import asyncio

@Suite struct CrawlScopeTests {
  @Test func `a host belongs to the crawl with the port that it has, or with the default ones`() throws {
    let scope = try CrawlScope(start: HTTPURL("http://a.org/"), hosts: ["b.org:8080"])
    for (url, isIn) in [
      ("http://a.org/", true), ("https://a.org/", true), ("http://a.org:8080/", false),
      ("http://b.org:8080/", true),
      ("http://b.org/", false), ("http://x.a.org/", false), ("http://aa.org/", false),
    ] {
      #expect(scope.hasHost(of: try HTTPURL(url)) == isIn, "\(url)")
    }
  }

  @Test func `subdomains belong to it if they are to`() throws {
    let scope = try CrawlScope(start: HTTPURL("http://a.org/"), includesSubdomains: true)
    #expect(scope.hasHost(of: try HTTPURL("https://x.y.a.org/")))
    #expect(!scope.hasHost(of: try HTTPURL("https://xa.org/")))
    #expect(!scope.hasHost(of: try HTTPURL("https://org/")))
  }

  @Test func `patterns choose paths`() throws {
    let scope = try CrawlScope(start: HTTPURL("http://a/"), only: ["/docs/", "/$"], except: ["/*.pdf$"])
    for (path, isIn) in [("/", true), ("/docs/x", true), ("/docs/x.pdf", false), ("/blog/", false)] {
      #expect(scope.hasPath(of: try HTTPURL("http://a\(path)")) == isIn, "\(path)")
    }
  }

  @Test func `what is no host is refused`() {
    #expect(throws: HTTPURLError.self) { try CrawlScope(start: HTTPURL("http://a/"), hosts: ["b c"]) }
  }
}
