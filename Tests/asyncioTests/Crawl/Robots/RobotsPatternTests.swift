import Testing

@testable import asyncio

@Suite struct RobotsPatternTests {
  @Test(arguments: [
    ("/", "/", true), ("/fish", "/fish.html", true), ("/fish", "/Fish", false), ("/fish*", "/fish", true),
    ("/fish/", "/fish", false), ("/*.php", "/folder/file.php5?x", true), ("/*.php", "/windows.PHP", false),
    ("/*.php$", "/file.php", true), ("/*.php$", "/file.php?x", false), ("/*.php$", "/a.php/b.php", true),
    ("/fish*.php", "/fishheads/catfish.php?id=1", true), ("/a*b*c$", "/axbxc", true),
    ("/a*b*c$", "/axbxcx", false),
    ("/a$", "/a", true), ("/a$", "/a/", false), ("/a$b", "/a%24b", true), ("*", "/anything", true),
    ("*/x$", "/a/x", true),
    ("/a**b", "/a1b", true), ("$", "/", false), ("fish", "/fish", false), ("/a*", "/b/a", false),
    // RFC 9309 §2.2.2
    ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
    ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", true),
    ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true), ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", true),
    ("/foo/bar/%62%61%7A", "/foo/bar/baz", true), ("/foo/b%2Fr", "/foo/b/r", false),
    ("/%7ejoe", "/~joe", true),
    // RFC 9309 §2.2.3
    ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true), ("/path/foo-%24", "/path/foo-$", true),
    ("/100%25", "/100%", false), ("/100%25", "/100%25", true),
  ])
  func `patterns match as the RFC and its authors say`(pattern: String, path: String, matches: Bool) {
    #expect(RobotsPattern(pattern).matches(RobotsPattern.normalized(path: path)) == matches)
  }

  @Test func `a pattern of stars takes no time`() {
    let pattern = RobotsPattern("/" + String(repeating: "a*", count: 200) + "b$")
    #expect(!pattern.matches(RobotsPattern.normalized(path: "/" + String(repeating: "a", count: 2000))))
  }
}
