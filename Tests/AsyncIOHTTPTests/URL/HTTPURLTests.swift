import AsyncIOHTTP
import Testing

/// How absolute URLs are read, and which are refused.
struct HTTPURLTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let url: String
    let scheme: HTTPURL.Scheme
    let host: String
    let port: Int
    let authority: String
    let target: String
    var testDescription: String { url }

    init(
      _ url: String, _ scheme: HTTPURL.Scheme, _ host: String, _ port: Int, _ authority: String,
      _ target: String
    ) {
      (self.url, self.scheme, self.host) = (url, scheme, host)
      (self.port, self.authority, self.target) = (port, authority, target)
    }
  }

  @Test(arguments: [
    Case("http://example.org", .http, "example.org", 80, "example.org", "/"),
    Case("HTTPS://Example.ORG/A", .https, "example.org", 443, "example.org", "/A"),
    Case("http://a:80/", .http, "a", 80, "a", "/"),
    Case("https://a:443", .https, "a", 443, "a", "/"),
    Case("http://a:443/", .http, "a", 443, "a:443", "/"),
    Case("http://a:/b", .http, "a", 80, "a", "/b"),
    Case("http://a?q", .http, "a", 80, "a", "/?q"),
    Case("http://a/?", .http, "a", 80, "a", "/?"),
    Case("http://a#f", .http, "a", 80, "a", "/"),
    Case("http://a/b?c#f?g", .http, "a", 80, "a", "/b?c"),
    Case("http://@a/", .http, "a", 80, "a", "/"),
    Case("http://127.0.0.1:8080/x", .http, "127.0.0.1", 8080, "127.0.0.1:8080", "/x"),
    Case("http://[::1]/", .http, "::1", 80, "[::1]", "/"),
    Case("http://[2001:DB8::7]:8080/", .http, "2001:db8::7", 8080, "[2001:db8::7]:8080", "/"),
    Case("http://[::ffff:1.2.3.4]/", .http, "::ffff:1.2.3.4", 80, "[::ffff:1.2.3.4]", "/"),
    Case("http://[1:2:3:4:5:6:7:8]/", .http, "1:2:3:4:5:6:7:8", 80, "[1:2:3:4:5:6:7:8]", "/"),
    Case("http://my_host-1.local./", .http, "my_host-1.local.", 80, "my_host-1.local.", "/"),
    Case("http://xn--bcher-kva.example/", .http, "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/"),
    Case("http://a/b c?d e", .http, "a", 80, "a", "/b%20c?d%20e"),
    Case("http://a/\u{FC}?\u{20AC}", .http, "a", 80, "a", "/%C3%BC?%E2%82%AC"),
    Case("http://a/%2F%zz%", .http, "a", 80, "a", "/%2F%25zz%25"),
    Case("http://a/<\"[{\\^`|}]\">?[]", .http, "a", 80, "a", "/%3C%22%5B%7B/%5E%60%7C%7D%5D%22%3E?%5B%5D"),
    Case("http://a/-._~!$&'()*+,;=:@?/?", .http, "a", 80, "a", "/-._~!$&'()*+,;=:@?/?"),
    Case("http://a/b/../c/./d/..", .http, "a", 80, "a", "/c/"),
    Case("http://a/../../b", .http, "a", 80, "a", "/b"),
    Case("http://a//b//../c", .http, "a", 80, "a", "//b/c"),
    Case("http://a:65535/", .http, "a", 65535, "a:65535", "/"),
  ])
  func `a URL is read`(_ sample: Case) throws {
    let url = try HTTPURL(sample.url)
    #expect(url.scheme == sample.scheme)
    #expect(url.host == sample.host)
    #expect(url.port == sample.port)
    #expect(url.authority == sample.authority)
    #expect(url.requestTarget == sample.target)
    #expect(url.description == "\(sample.scheme.rawValue)://\(sample.authority)\(sample.target)")
    #expect(try HTTPURL(url.description) == url)
  }

  @Test(
    arguments: [
      ("http://a", "/", nil), ("http://a/b?c", "/b", "c"), ("http://a/b?", "/b", ""),
      ("http://a?c?d", "/", "c?d"),
    ] as [(String, String, String?)])
  func `path and query are parts of the target`(_ text: String, _ path: String, _ query: String?) throws {
    let url = try HTTPURL(text)
    #expect(url.path == path)
    #expect(url.query == query)
  }

  @Test(
    arguments: [
      ("", .unsupportedScheme), ("example.org", .unsupportedScheme), ("/path", .unsupportedScheme),
      ("//example.org/", .unsupportedScheme), ("localhost:8080", .unsupportedScheme),
      ("ftp://a/", .unsupportedScheme), ("1http://a/", .unsupportedScheme),
      ("http:", .invalidHost), ("http:/a", .invalidHost), ("http:a", .invalidHost),
      ("http://", .invalidHost), ("http:///a", .invalidHost), ("http://:80/", .invalidHost),
      ("http://a b/", .invalidHost), ("http:\\\\a b\\", .invalidHost), ("http://a%2fb/", .invalidHost),
      ("http://a,b/", .invalidHost), ("http://[::1", .invalidHost), ("http://[::1]a/", .invalidHost),
      ("http://[]/", .invalidHost), ("http://[1:2]/", .invalidHost), ("http://[1::2::3]/", .invalidHost),
      ("http://[1:2:3:4:5:6:7:8:9]/", .invalidHost), ("http://[::12345]/", .invalidHost),
      ("http://[1.2.3.4::]/", .invalidHost), ("http://[fe80::1%25eth0]/", .invalidHost),
      ("http://1.2.3/", .invalidHost), ("http://127.1/", .invalidHost), ("http://256.0.0.1/", .invalidHost),
      ("http://01.2.3.4/", .invalidHost), ("http://0x7f.0.0.1/", .invalidHost),
      ("http://2130706433/", .invalidHost),
      ("http://a.0x7f/", .invalidHost), ("http://1.2.3.4.5/", .invalidHost),
      ("http://b\u{FC}cher.example/", .internationalizedHost),
      ("http://a:0/", .invalidPort), ("http://a:65536/", .invalidPort), ("http://a:8o/", .invalidPort),
      ("http://a:-1/", .invalidPort), ("http://a:99999999999999999999/", .invalidPort),
      ("http://[::1]:x/", .invalidPort),
      ("http://u@a/", .userInformation), ("http://u:p@a/", .userInformation),
      ("http://a@b@c/", .userInformation),
      ("http://a/\r\nX: y", .invalidCharacter), ("http://a/\t", .invalidCharacter),
      ("http://a/\u{0}", .invalidCharacter), (" http://a/", .invalidCharacter),
      ("http://a/ ", .invalidCharacter),
      ("http://a\n/", .invalidCharacter), ("http://a/\u{7F}", .invalidCharacter),
    ] as [(String, HTTPURLError.Code)])
  func `a URL that cannot be requested is refused`(_ text: String, _ code: HTTPURLError.Code) {
    let error = #expect(throws: HTTPURLError.self) { try HTTPURL(text) }
    #expect(error?.code == code)
    #expect(error?.message.hasSuffix(".") == true)
  }

  @Test func `an error names the URL and no password`() throws {
    let error = try #require(throws: HTTPURLError.self) { try HTTPURL("http://me:secret@a/b@c") }
    #expect(error.url == "http://***@a/b@c")
    #expect(!error.description.contains("secret"))
    let other = try #require(throws: HTTPURLError.self) { try HTTPURL("ftp://a/") }
    #expect(other.description.hasPrefix("\"ftp://a/\" is no usable URL: "))
  }
}
