import Testing

@testable import asyncio

@Suite struct OutputNamesTests {
  private static let hardURLs = [
    "", "/", "..", "../../etc/passwd", "http://", "http://a/../../x", "http://a/..", "http://a/%2e%2e/%2F",
    "-rf",
    "http://a/\0b", "http://a/b\nc", "http://日本/é", ".hidden", "http://h/.bashrc", "http://[::1]:80/",
    "file:///etc/passwd",
    "http://a/b\\c", "http://a/?q=/../", "http://h/a b*c|d", "~",
    "http://a/" + String(repeating: "../", count: 200),
    "http://a/" + String(repeating: "x", count: 5000) + ".html",
  ]

  @Test(arguments: [
    ("http://example.com/", "example.com"), ("http://example.com", "example.com"),
    ("http://example.com/a/b.html", "example.com_a_b.html"), ("http://h:8080/p?q=1&r=2", "h_8080_p_q_1_r_2"),
    ("http://user:secret@h/x", "h_x"), ("http://h/x#part", "h_x"), ("http://h/user@mail", "h_user_mail"),
    ("", "index"),
    ("../..", "index"), ("http://h/../../etc/passwd", "h_.._.._etc_passwd"), ("--help", "help"),
  ])
  func `a name tells the URL`(url: String, expected: String) {
    var names = OutputNames()
    #expect(names.name(for: url) == expected)
  }

  @Test(arguments: hardURLs)
  func `a name is safe`(url: String) throws {
    var names = OutputNames()
    for _ in 0..<3 {
      let name = names.name(for: url)
      #expect(!name.isEmpty && name.utf8.count <= 255)
      #expect(name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
      let first = try #require(name.first)
      #expect(first.isLetter || first.isNumber)
    }
  }

  @Test func `no two names are equal`() {
    var names = OutputNames()
    let urls =
      Self.hardURLs + Self.hardURLs + [
        "http://h/a", "http://h/a-2", "http://h/A", "http://h/a", "http://h/a?",
      ]
    let given = urls.map { names.name(for: $0).lowercased() }
    #expect(Set(given).count == urls.count)
  }

  @Test func `a number stands before the kind of the file`() {
    var names = OutputNames()
    let given = (0..<3).map { _ in names.name(for: "http://h/a.html") }
    #expect(given == ["h_a.html", "h_a-2.html", "h_a-3.html"])
    let hosts = (0..<2).map { _ in names.name(for: "http://example.com/") }
    #expect(hosts == ["example.com", "example.com-2"])
  }

  @Test func `long names are cut and stay different`() {
    var names = OutputNames()
    let stem = "http://h/" + String(repeating: "x", count: 300)
    let (first, second) = (names.name(for: stem + "1.html"), names.name(for: stem + "2.html"))
    #expect(first.utf8.count == OutputNames.longestName)
    #expect(first.hasSuffix(".html"))
    #expect(first != second)
    #expect(!first.hasSuffix("-2.html") && !second.hasSuffix("-2.html"))
  }

  @Test func `many equal URLs are named in no long time`() {
    var names = OutputNames()
    let given = Set((0..<20_000).map { _ in names.name(for: "http://h/") })
    #expect(given.count == 20_000)
    #expect(given.contains("h-20000"))
  }
}
