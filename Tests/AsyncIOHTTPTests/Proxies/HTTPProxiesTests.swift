import AsyncIOTesting
import Testing

@testable import AsyncIOHTTP

/// Which proxy is meant, and for whom.
@Suite struct HTTPProxiesTests {
  private static func way(_ proxies: HTTPProxies, _ url: String) throws -> String {
    let url = try HTTPURL(url)
    switch proxies.route(to: HTTPOrigin(scheme: url.scheme, host: url.host, port: url.port)) {
    case .direct: return "direct"
    case .unixSocket: return "socket"
    case .proxy(let proxy):
      return "\(proxy.kind) \(proxy.host) \(proxy.port) \(proxy.user ?? "-") \(proxy.password)"
    case .none(let error): return "\(error)"
    }
  }

  @Test(arguments: [
    ("http://proxy.test", "http proxy.test 80 - "), ("proxy.test:3128", "http proxy.test 3128 - "),
    ("http://me:p%40ss@[::1]:3128/", "http ::1 3128 me p@ss"),
    ("socks5://proxy.test", "socks5 proxy.test 1080 - "),
    ("SOCKS5H://me@10.0.0.1:9050", "socks5 10.0.0.1 9050 me "), ("socks5://[::1]", "socks5 ::1 1080 - "),
    ("socks5://proxy.test:80", "socks5 proxy.test 80 - "),
  ])
  func `the address of a proxy is read`(_ text: String, _ expected: String) throws {
    #expect(try Self.way(.all(try HTTPProxy(text)), "http://a.test/") == expected)
  }

  @Test(arguments: [
    "https://proxy.test", "socks4://proxy.test", "http://", "http://me:secret@", "ftp://a", "http://a:x",
  ])
  func `what is no proxy is refused, and no password shown`(_ text: String) {
    let error = #expect(throws: HTTPURLError.self) { try HTTPProxy(text) }
    #expect(error.map { "\($0)".contains("secret") } == false)
  }

  @Test func `the password is in no description`() throws {
    let proxy = try HTTPProxy("http://me:secret@proxy.test:1")
    #expect("\(proxy)" == "the proxy http://proxy.test:1")
  }

  @Test func `the environment says which`() throws {
    func proxies(_ values: [String: String]) -> HTTPProxies { HTTPProxies(environment: { values[$0] }) }
    let both = proxies(["http_proxy": "a.test", "HTTPS_PROXY": "b.test", "HTTP_PROXY": "c.test"])
    #expect(try Self.way(both, "http://x.test/") == "http a.test 80 - ")
    #expect(try Self.way(both, "https://x.test/") == "http b.test 80 - ")
    let all = proxies(["ALL_PROXY": "socks5://d.test", "https_proxy": "b.test"])
    #expect(try Self.way(all, "http://x.test/") == "socks5 d.test 1080 - ")
    #expect(try Self.way(all, "https://x.test/") == "http b.test 80 - ")
    // A field `Proxy:` of whoever asks a CGI program.
    let cgi = proxies(["HTTP_PROXY": "evil.test", "REQUEST_METHOD": "GET"])
    #expect(try Self.way(cgi, "http://x.test/") == "direct")
    #expect(try Self.way(proxies([:]), "http://x.test/") == "direct")
    #expect(
      try Self.way(proxies(["http_proxy": "ftp://a"]), "http://x.test/").contains("http_proxy names no proxy")
    )
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost"] {
      #expect(try Self.way(both, "http://\(host)/") == "direct")
    }
  }

  @Test(arguments: [
    ("example.org", "http://example.org/", true), ("example.org", "http://www.example.org/", true),
    (".example.org", "http://example.org/", true), ("*.example.org", "http://a.b.example.org/", true),
    ("example.org", "http://notexample.org/", false), ("example.org:8080", "http://example.org/", false),
    ("example.org:8080", "http://example.org:8080/", true), ("*", "https://anything.test/", true),
    ("10.0.0.0/8", "http://10.255.0.1/", true), ("10.0.0.0/8", "http://11.0.0.1/", false),
    ("10.128.0.0/9", "http://10.127.0.1/", false), ("10.1.2.3", "http://10.1.2.3:81/", true),
    ("10.1.2.3:80", "http://10.1.2.3:81/", false), ("fe80::/10", "http://[febf::1]/", true),
    ("fd00::1", "http://[fd00::1]/", true), ("[fd00::1]:81", "http://[fd00::1]/", false),
    ("[fd00::1]:81", "http://[fd00::1]:81/", true),
    ("10.0.0.0/8", "http://ten.test/", false), ("EXAMPLE.org", "http://example.ORG/", true),
    ("a.test, ,example.org", "http://example.org/", true),
  ])
  func `exceptions are reached directly`(_ list: String, _ url: String, _ isDirect: Bool) throws {
    let environment = HTTPProxies(environment: { ["all_proxy": "p.test", "no_proxy": list][$0] })
    #expect(try (Self.way(environment, url) == "direct") == isDirect)
    let entries = list.split(separator: ",").map(String.init)
    let given = HTTPProxies.all(try HTTPProxy("p.test"), except: entries)
    #expect(try (Self.way(given, url) == "direct") == isDirect)
  }
}
