@testable import AsyncIOHTTP
import Testing

/// Which cookies are taken, and where they go (RFC 6265 §5).
@Suite struct HTTPCookieTests {
  private static let now: Int64 = 1_700_000_000

  private static func jar() -> HTTPCookieJar {
    HTTPCookieJar(isPublicSuffix: { !$0.contains(".") || $0 == "co.uk" }, now: { now })
  }

  /// What the server at `from` sets, and what goes to `to`.
  private static func sent(_ texts: [String], from: String, to: String) throws -> String {
    let jar = jar()
    for text in texts { jar.set(text, from: try HTTPURL(from)) }
    return jar.cookies(for: try HTTPURL(to)).map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
  }

  @Test(arguments: [
    // Name and value.
    (["a=b"], "a=b"), ([" a = b ; x"], "a=b"), (["a="], "a="), (["a=b=c"], "a=b=c"), (["a=\"b\""], "a=\"b\""),
    (["=b"], ""), (["a"], ""), ([""], ""), (["a=b\u{1}"], ""), (["a=b, c=d"], "a=b, c=d"),
    // The later one counts, in the place of the earlier one.
    (["a=1", "b=2", "a=3"], "a=3; b=2"), (["a=1", "A=2"], "a=1; A=2"),
    // Ends.
    (["a=1; Max-Age=10"], "a=1"), (["a=1; Max-Age=0"], ""), (["a=1; Max-Age=-5"], ""),
    (["a=1; max-age=x"], "a=1"),
    (["a=1", "a=; Max-Age=0"], ""), (["a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT"], ""),
    (["a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT"], "a=1"), (["a=1; expires=gibberish"], "a=1"),
    (["a=1; Max-Age=5; Expires=Wed, 21 Oct 2015 07:28:00 GMT"], "a=1"),
    (["a=1; Expires=Wed, 21 Oct 2065 07:28:00 GMT; Max-Age=0"], ""),
    (["a=1; Max-Age=99999999999999999999"], "a=1"),
    // Domains.
    (["a=1; Domain=example.org"], "a=1"), (["a=1; Domain=.EXAMPLE.org"], "a=1"),
    (["a=1; Domain=www.example.org"], "a=1"),
    (["a=1; Domain=other.org"], ""), (["a=1; Domain=ample.org"], ""), (["a=1; Domain=x.www.example.org"], ""),
    (["a=1; Domain=org"], ""), (["a=1; Domain="], "a=1"),
    // Paths; the default one is that of the page.
    (["a=1; Path=/"], "a=1"), (["a=1; Path=/dir"], "a=1"), (["a=1; Path=/dir/"], "a=1"),
    (["a=1; Path=/di"], ""),
    (["a=1; Path=/other"], ""), (["a=1; Path=dir"], "a=1"), (["a=1; Path=/", "b=2; Path=/dir"], "b=2; a=1"),
    // What plain http may not set.
    (["a=1; Secure"], ""), (["__Secure-a=1"], ""), (["__Host-a=1; Path=/"], ""),
    (["a=1; HttpOnly; SameSite=Lax; Nonsense"], "a=1"),
  ])
  func `a page of the same folder gets`(_ texts: [String], _ sent: String) throws {
    #expect(
      try Self.sent(texts, from: "http://www.example.org/dir/a", to: "http://www.example.org/dir/b?c=d")
        == sent)
  }

  @Test(arguments: [
    ("a=1", "http://example.org/", "http://www.example.org/", ""),
    ("a=1; Domain=example.org", "http://example.org/", "http://www.example.org/", "a=1"),
    ("a=1; Domain=example.org", "http://www.example.org/", "http://a.b.example.org:8080/x", "a=1"),
    ("a=1; Domain=example.org", "http://www.example.org/", "http://badexample.org/", ""),
    ("a=1; Domain=co.uk", "http://a.co.uk/", "http://b.co.uk/", ""),
    ("a=1; Domain=co.uk", "http://co.uk/", "http://co.uk/", "a=1"),
    ("a=1; Domain=co.uk", "http://co.uk/", "http://b.co.uk/", ""),
    ("a=1; Domain=localhost", "http://localhost/", "http://localhost/", "a=1"),
    ("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", ""),
    ("a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", "a=1"),
    ("a=1", "http://[::1]/", "http://[::1]:81/", "a=1"),
    ("a=1", "http://h/a/b/c", "http://h/a/b", "a=1"), ("a=1", "http://h/a/b/c", "http://h/a/bc", ""),
    ("a=1", "http://h/a/b/", "http://h/a/b/", "a=1"), ("a=1", "http://h/a", "http://h/z", "a=1"),
    ("a=1; Secure", "https://h.org/", "https://h.org/", "a=1"),
    ("a=1; Secure", "https://h.org/", "http://h.org/", ""),
    ("__Host-a=1; Secure; Path=/", "https://h.org/", "https://h.org/", "__Host-a=1"),
    ("__Host-a=1; Secure; Path=/; Domain=h.org", "https://h.org/", "https://h.org/", ""),
    ("__Secure-a=1; Secure", "https://h.org/", "https://h.org/", "__Secure-a=1"),
  ])
  func `a cookie goes where it belongs`(_ text: String, _ from: String, _ to: String, _ sent: String) throws {
    #expect(try Self.sent([text], from: from, to: to) == sent)
  }

  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
      ("Sun Nov  6 08:49:37 1994", 784_111_777), ("1 Jan 1970 0:0:0", 0),
      ("29 Feb 2024 23:59:59", 1_709_251_199),
      ("Wed, 31-Dec-69 00:00:00", 3_155_673_600), ("1 Jan 1601 00:00:00", -11_644_473_600),
    ] as [(String, Int64)])
  func `dates of all forms are read`(_ text: String, _ seconds: Int64) {
    #expect(HTTPDateText.seconds(parsing: text) == seconds)
  }

  @Test(arguments: [
    "", "Sun, 06 Nov 1994", "06 Nov 1994 24:00:00", "32 Nov 1994 00:00:00", "06 Nov 1600 00:00:00",
    "06 Foo 1994 00:00:00",
    "08:49", "06 Nov 19945 00:00:00", "006 Nov 1994 00:00:00",
  ])
  func `what is no date is none`(_ text: String) {
    #expect(HTTPDateText.seconds(parsing: text) == nil)
  }

  @Test func `a jar has a limit for each domain and for all`() throws {
    let jar = Self.jar()
    let url = try HTTPURL("http://h.org/")
    for number in 0..<60 { jar.set("n\(number)=1", from: url) }
    #expect(jar.all.count == HTTPCookieJar.domainLimit)
    #expect(jar.cookies(for: url).first?.name == "n10", "the oldest went")
    for number in 0..<5000 { jar.set("a=1", from: try HTTPURL("http://h\(number).org/")) }
    #expect(jar.all.count <= HTTPCookieJar.totalLimit)
    #expect(jar.cookies(for: try HTTPURL("http://h4999.org/")).count == 1)
    jar.removeAll()
    #expect(jar.isEmpty && jar.all.isEmpty)
  }

  @Test func `a jar is emptied by domain, and by what expires`() throws {
    let jar = Self.jar()
    jar.set(HTTPCookie(name: "a", value: "1", domain: "X.org"))
    jar.set(HTTPCookie(name: "b", value: "1", domain: "y.org"))
    #expect(!jar.isEmpty)
    jar.removeAll(domain: "x.org")
    #expect(jar.all.map(\.name) == ["b"])
    jar.set(HTTPCookie(name: "b", value: "", domain: "y.org", expiry: 0))
    #expect(jar.isEmpty)
  }
}
