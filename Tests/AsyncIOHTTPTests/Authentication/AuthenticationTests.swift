@testable import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

@Suite(.virtualTime) struct AuthenticationTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `Base64 is that of RFC 4648`(_ text: String, _ encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
  }

  @Test(arguments: [
    ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
  ])
  func `the answer is that of RFC 7616 section 3.9.1`(_ algorithm: String, _ proof: String) throws {
    let text = """
      Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=\(algorithm), \
      nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
      """
    let challenge = try #require(HTTPDigestChallenge.best(of: [text]))
    let answer = challenge.answer(
      user: "Mufasa", password: "Circle of Life", method: "GET", target: "/dir/index.html", count: 1,
      nonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    #expect(answer.contains("response=\"\(proof)\""))
    #expect(
      answer.contains("nc=00000001") && answer.contains("qop=auth,")
        && answer.contains("uri=\"/dir/index.html\""))
  }

  @Test func `challenges are told apart`() {
    let text = #"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple", , Negotiate"#
    let challenges = HTTPChallenge.parse(text)
    #expect(challenges.map(\.scheme) == ["newauth", "basic", "negotiate"])
    #expect(challenges[0].parameters == ["realm": "apps", "type": "1", "title": "Login to \"apps\""])
    #expect(challenges[1].parameters == ["realm": "simple"])
  }

  private static func asked(
    _ middleware: [any HTTPMiddleware], _ fields: HTTPFields = [:], host: String = "h.org"
  ) async throws -> String? {
    let mock = HTTPMock()
    mock.on(nil, "*") { HTTPClientResponse(to: $0) }
    var configuration = HTTPSession.Configuration()
    configuration.middleware = middleware + [mock]
    return try await withHTTPSession(configuration) { session async throws in
      _ = try await session.get("http://\(host)/", fields: fields)
      return mock.requests.last?.fields[.authorization]
    }
  }

  @Test func `names and tokens are sent, unless there is something already`() async throws {
    #expect(
      try await Self.asked([.basic(user: "Aladdin", password: "open:sesame")])
        == "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==")
    #expect(try await Self.asked([.bearer("t")]) == "Bearer t")
    #expect(try await Self.asked([.bearer("t")], [.authorization: "own"]) == "own")
    #expect(try await Self.asked([.basic(user: "a", password: "b")], [.authorization: "own"]) == "own")
  }

  @Test(arguments: [("h.org", "one:1"), ("H.ORG", "one:1"), ("other.org", "rest:r"), ("two.org", "")])
  func `a netrc file is searched for the host`(_ host: String, _ pair: String) async throws {
    let netrc = HTTPNetrc(
      parsing:
        "# comment\nmachine h.org login one password 1 account x\nmachine two.org\n  login t\n  password w\n"
        + "macdef init\nmachine evil.org login x\n\nmachine h.org login second password 2\ndefault login rest password r\n"
    )
    guard host != "two.org" else {
      #expect(netrc.entry(for: host) == HTTPNetrc.Entry(user: "t", password: "w"))
      return
    }
    #expect(try await Self.asked([.netrc(netrc)], host: host) == "Basic " + Base64.encode(Array(pair.utf8)))
    #expect(HTTPNetrc(parsing: "machine a login b").entry(for: "c") == nil)
  }

  @Test func `a refused token is asked for anew, once`() async throws {
    let mock = HTTPMock()
    mock.on(nil, "*") { request in
      HTTPClientResponse(
        status: request.fields[.authorization] == "Bearer new" ? .ok : .unauthorized, to: request)
    }
    let calls = Mutex<[Bool]>([])
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [
      HTTPBearerAuthentication { isRefused in
        calls.withLock { $0.append(isRefused) }
        return isRefused ? "new" : "old"
      }, mock,
    ]
    try await withHTTPSession(configuration) { session async throws in
      #expect(try await session.get("http://h.org/").status == .ok)
      #expect(calls.withLock { $0 } == [false, true] && mock.requests.count == 2)
    }
  }

  @Test func `digest answers a challenge, keeps its number, and gives up on a wrong password`() async throws {
    let count = Mutex(0)
    let server = HTTPMock()
    server.on(nil, "*") { request in
      let number = count.withLock { $0 }
      let challenge: HTTPFields = [.wwwAuthenticate: #"Digest realm="r", nonce="n\#(number)", qop="auth""#]
      guard let text = request.fields[.authorization] else {
        return HTTPClientResponse(status: .unauthorized, fields: challenge, to: request)
      }
      let given = HTTPChallenge.parse(text)[0].parameters
      let expected = HTTPDigestChallenge.best(of: [challenge[.wwwAuthenticate] ?? ""])?.answer(
        user: "u", password: "p", method: "GET", target: request.url.requestTarget,
        count: Int(given["nc"] ?? "", radix: 16) ?? 0, nonce: given["cnonce"] ?? "")
      let isRight = HTTPChallenge.parse(expected ?? "")[0].parameters["response"] == given["response"]
      return HTTPClientResponse(
        status: isRight ? .ok : .unauthorized, fields: isRight ? [.eTag: given["nc"] ?? ""] : challenge,
        to: request)
    }
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [.digest(user: "u", password: "p"), server]
    try await withHTTPSession(configuration) { session async throws in
      for expected in ["00000001", "00000002"] {
        let response = try await session.get("http://h.org/a?b=c")
        #expect(response.status == .ok && response[.eTag] == expected)
      }
      #expect(server.requests.count == 3, "only the first was refused")
      count.withLock { $0 += 1 }
      #expect(try await session.get("http://h.org/").status == .ok)
      #expect(server.requests.count == 5, "a new number is answered")
    }
    configuration.middleware = [.digest(user: "u", password: "wrong"), server]
    try await withHTTPSession(configuration) { session async throws in
      #expect(try await session.get("http://h.org/").status == .unauthorized)
      #expect(server.requests.count == 7)
    }
  }

  @Test func `nobody else learns who one is`() async throws {
    let digest = HTTPDigestAuthentication(user: "u", password: "p")
    for middleware in [
      HTTPBasicAuthentication(user: "u", password: "p"), HTTPBearerAuthentication(token: "t"), digest,
    ]
      as [any HTTPMiddleware]
    {
      let mock = HTTPMock()
      mock.on(nil, "http://a.org/*") {
        HTTPClientResponse(status: .found, fields: [.location: "http://b.org/"], to: $0)
      }
      mock.on(nil, "http://b.org/") { request in
        HTTPClientResponse(
          status: .unauthorized, fields: [.wwwAuthenticate: #"Digest realm="r", nonce="n""#], to: request)
      }
      var configuration = HTTPSession.Configuration()
      configuration.middleware = [middleware, mock]
      try await withHTTPSession(configuration) { session async throws in
        #expect(try await session.get("http://a.org/").status == .unauthorized)
        #expect(mock.requests.last?.url.host == "b.org" && mock.requests.last?.fields[.authorization] == nil)
      }
    }
  }
}
