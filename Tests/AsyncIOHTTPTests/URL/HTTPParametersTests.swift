import AsyncIOHTTP
import Testing

@Suite struct HTTPParametersTests {
  @Test func `pairs are encoded in their order`() {
    let parameters: HTTPParameters = ["q": "snow man", "page": 2, "share": 0.5, "all": true, "q": "a&b=c+d"]
    #expect(parameters.encoded == "q=snow+man&page=2&share=0.5&all=true&q=a%26b%3Dc%2Bd")
    #expect(parameters.values(of: "q") == ["snow man", "a&b=c+d"])
    #expect(parameters["page"] == "2")
    #expect(parameters["none"] == nil)
  }

  @Test func `what stands unencoded is what a browser leaves`() {
    let parameters: HTTPParameters = ["*-._": "~é\u{1F600}\n"]
    #expect(parameters.encoded == "*-._=%7E%C3%A9%F0%9F%98%80%0A")
  }

  @Test func `encoded text is read back`() {
    let all = String(decoding: (0...255).map { UInt8($0) }.filter { $0 < 0x80 }, as: UTF8.self)
    let parameters: HTTPParameters = [all: "é " + all, "": "", "empty": ""]
    let read = HTTPParameters(parsing: parameters.encoded)
    #expect(read == parameters)
  }

  @Test(arguments: [
    ("a=%zz", "%zz"), ("a=%4", "%4"), ("a=%", "%"), ("a=%41%", "A%"), ("a", ""), ("a=b=c", "b=c"),
    ("&&a=1&", "1"),
  ])
  func `what is no escape stays`(_ text: String, _ value: String) {
    #expect(HTTPParameters(parsing: text)["a"] == value)
  }

  @Test func `setting takes the place of all of that name`() {
    var parameters: HTTPParameters = ["a": 1, "b": 2, "a": 3]
    parameters["a"] = "4"
    #expect(parameters.encoded == "a=4&b=2")
    parameters["b"] = nil
    #expect(parameters.encoded == "a=4")
    parameters["c"] = "5"
    #expect(parameters.encoded == "a=4&c=5")
  }

  @Test(arguments: [
    ("http://h/", "http://h/?q=1"), ("http://h/p?", "http://h/p?q=1"),
    ("http://h/p?a=b#f", "http://h/p?a=b&q=1"),
  ])
  func `parameters are added to a URL`(_ url: String, _ result: String) throws {
    #expect(try HTTPURL(url).appending(["q": 1]).description == result)
    #expect(try HTTPURL(url).appending([:]) == HTTPURL(url))
  }

  @Test(arguments: [
    ("http://h/v1", "users", "http://h/v1/users"), ("http://h/v1/", "/users?x=1", "http://h/v1/users?x=1"),
    ("http://h", "a/b/", "http://h/a/b/"), ("http://h/v1?k=1", "", "http://h/v1?k=1"),
    ("http://h/v1?k=1", "?l=2", "http://h/v1?l=2"), ("http://h/v1", "../x", "http://h/x"),
    ("http://h/v1", "http://other/x", "http://other/x"), ("https://h/v1", "//other/x", "https://other/x"),
  ])
  func `a path goes behind the base's`(_ base: String, _ path: String, _ result: String) throws {
    #expect(try path.httpURL(relativeTo: HTTPURL(base)).description == result)
  }
}

/// What the WHATWG URL standard has and RFC 3986 has not.
@Suite struct HTTPURLBrowserTests {
  @Test(arguments: [
    ("http:\\\\h\\a\\b?c\\d", "http://h/a/b?c\\d"), ("http://h/a/%2e%2E/b", "http://h/b"),
    ("http://h/a/%2e", "http://h/a/"),
    ("http://h/a/.%2e/%2e./b", "http://h/b"), ("http://h/%2ea/%2e%2e%2e", "http://h/%2ea/%2e%2e%2e"),
    ("http://h/\\@", "http://h//@"),
  ])
  func `a text is read as a browser does`(_ text: String, _ url: String) throws {
    #expect(try HTTPURL(text).description.replacing("%5C", with: "\\") == url)
  }

  @Test(arguments: ["http:\\\\me:secret@h\\x", "http:/\\me:secret@h/", "http://me:secret@h\\@x"])
  func `a password is not told, whatever slashes stand before it`(_ text: String) throws {
    let error = try #require(throws: HTTPURLError.self) { try HTTPURL(text) }
    #expect(error.code == .userInformation && !error.description.contains("secret"))
  }

  @Test(arguments: [("\\x", "http://h/x"), ("\\\\x\\y", "http://x/y"), ("a\\..\\b", "http://h/p/b")])
  func `a reference is read as a browser does`(_ text: String, _ url: String) throws {
    #expect(try HTTPURL("http://h/p/q").resolve(text).description == url)
  }
}
