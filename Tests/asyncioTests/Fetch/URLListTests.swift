import Testing

@testable import asyncio

@Suite struct URLListTests {
  @Test(arguments: [
    ("", []), ("\n\n  \n", []), ("http://a/", ["http://a/"]),
    ("http://a/\nhttp://b/\n", ["http://a/", "http://b/"]),
    ("http://a/\r\nhttp://b/\r\n", ["http://a/", "http://b/"]), ("  http://a/\t\n", ["http://a/"]),
    ("# comment\nhttp://a/", ["http://a/"]), ("   # comment", []), ("http://a/ # why", ["http://a/"]),
    ("http://a/#part", ["http://a/#part"]), ("http://a/\nhttp://a/", ["http://a/", "http://a/"]),
    ("\u{FEFF}http://a/", ["http://a/"]), ("\u{FEFF}# c", []), ("not a url", ["not a url"]),
    ("http://é/日本", ["http://é/日本"]),
  ])
  func `a line is a URL, a comment or nothing`(text: String, urls: [String]) {
    #expect(URLList(parsing: text).urls == urls)
  }
}
