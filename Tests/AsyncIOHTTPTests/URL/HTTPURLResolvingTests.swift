import AsyncIOHTTP
import Testing

/// Relative references, by the tables of RFC 3986 §5.4.
struct HTTPURLResolvingTests {
  @Test(arguments: [
    // §5.4.1, normal; fragments are dropped here, and "g:h" has another scheme.
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q"), ("g#s", "http://a/b/c/g"), ("g?y#s", "http://a/b/c/g?y"),
    (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"), ("g;x?y#s", "http://a/b/c/g;x?y"),
    ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"),
    ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"),
    ("../../g", "http://a/g"),
    // §5.4.2, abnormal.
    ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"), ("/./g", "http://a/g"),
    ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
    ("g..", "http://a/b/c/g.."),
    ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"),
    ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"), ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
    ("g;x=1/../y", "http://a/b/c/y"), ("g?y/./x", "http://a/b/c/g?y/./x"),
    ("g?y/../x", "http://a/b/c/g?y/../x"), ("g#s/./x", "http://a/b/c/g"), ("g#s/../x", "http://a/b/c/g"),
    // Beyond the tables.
    ("https://other:8443/x", "https://other:8443/x"), ("//other:81?q", "http://other:81/?q"),
    ("\u{FC} x", "http://a/b/c/%C3%BC%20x"), ("./a:b", "http://a/b/c/a:b"), ("/a:b", "http://a/a:b"),
  ])
  func `a reference is resolved`(_ reference: String, _ expected: String) throws {
    let base = try HTTPURL("http://a/b/c/d;p?q")
    #expect(try base.resolve(reference).description == expected)
  }

  @Test(
    arguments: [
      ("g:h", .unsupportedScheme), ("mailto:a@b", .unsupportedScheme), ("http:g", .invalidHost),
      ("//", .invalidHost), ("//u:p@h/", .userInformation), ("a\r\nb", .invalidCharacter),
    ] as [(String, HTTPURLError.Code)])
  func `a reference to what cannot be requested is refused`(_ reference: String, _ code: HTTPURLError.Code)
    throws
  {
    let base = try HTTPURL("http://a/b/c/d;p?q")
    let error = #expect(throws: HTTPURLError.self) { try base.resolve(reference) }
    #expect(error?.code == code)
  }

  @Test func `the port of the base is kept`() throws {
    let base = try HTTPURL("https://[::1]:8443/a?b")
    #expect(try base.resolve("c").description == "https://[::1]:8443/c")
    #expect(try base.resolve("//d/").description == "https://d/")
  }
}
