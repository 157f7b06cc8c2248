import AsyncIO
import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// The code of the guide's pages on HTTP requests.
@Suite struct HTTPTests {
  /// A site that answers without a network.
  func site() -> HTTPMock {
    let mock = HTTPMock()
    mock.on(.get, "/users/*") { try .json(User(name: "Ada"), to: $0) }
    mock.on(.get, "/users") { try .json([User(name: "Ada")], to: $0) }
    mock.on(.post, "/users") { try .json(User(name: "Ada"), status: .created, to: $0) }
    mock.on(.get, "/big") { .init(body: Array("one\ntwo\n".utf8), to: $0) }
    return mock
  }

  @Test(.virtualTime) func `one session for all`() async throws {
    let key = "secret"
    var configuration = HTTPSession.Configuration()
    configuration.baseURL = try HTTPURL("https://api.example.org")
    configuration.parameters = ["key": key]
    configuration.middleware = [site()]
    try await withHTTPSession(configuration) { session in
      let response = try await session.get("/users", parameters: ["page": 2], timeout: .seconds(5))
      let users = try response.raiseForStatus().json([User].self)
      try await session.post("/users", json: User(name: "Ada")).raiseForStatus()
      #expect(users == [User(name: "Ada")])
    }
  }

  @Test(.virtualTime) func `many at once`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [site()]
    try await withHTTPSession(configuration) { session in
      let users = try await gather(1...20, limit: 10) { number in
        try await session.get("https://api.example.org/users/\(number)").raiseForStatus().json(User.self)
      }
      #expect(users.count == 20)
    }
  }

  @Test(.virtualTime) func `lines as they come`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [site()]
    var count = 0
    try await withHTTPSession(configuration) { session in
      try await session.stream(.get, "https://api.example.org/big") { response in
        try response.raiseForStatus()
        for try await line in response.body.lines() {
          count += 1
          print(line)
        }
      }
    }
    #expect(count == 2)
  }

  struct Logging: HTTPMiddleware {
    func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
      let response = try await next(request)
      print(request.method, request.url, response.status)
      return response
    }
  }

  func politeConfiguration() -> HTTPSession.Configuration {
    var policy = HTTPPolicy(retry: HTTPRetry())  // waits, jitter, Retry-After, and a budget for all together
    policy.concurrency = .adaptive(maximum: 20)  // as many at once as the server bears
    policy.rate = HTTPRate(10, per: .seconds(1))
    policy.hedging = HTTPHedging(after: .milliseconds(300))
    policy.breaker = HTTPCircuitBreaker(failures: 10, pause: .seconds(10))

    var configuration = HTTPSession.Configuration()
    configuration.middleware = [.policy(policy), Logging()]
    return configuration
  }

  @Test(.virtualTime) func `retries take no time in a test`() async throws {
    let attempts = Mutex(0)
    let mock = HTTPMock()
    mock.on(.get, "/flaky") { request in
      let number = attempts.withLock {
        $0 += 1
        return $0
      }
      return HTTPClientResponse(status: number < 3 ? .serviceUnavailable : .ok, to: request)
    }
    var configuration = politeConfiguration()
    configuration.middleware.append(mock)
    try await withHTTPSession(configuration) { session in
      let status = try await session.get("https://api.example.org/flaky").status
      #expect(status == .ok)
    }
    #expect(attempts.withLock { $0 } == 3)
  }

  @Test(.virtualTime) func `what can go wrong`() async throws {
    let mock = HTTPMock()
    mock.on(.get, "/missing") { HTTPClientResponse(status: .notFound, to: $0) }
    mock.on(.get, "/slow") { request in
      try await slowOperation()
      return HTTPClientResponse(to: request)
    }
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [mock]
    var seen: [String] = []
    try await withHTTPSession(configuration) { session in
      for path in ["missing", "slow"] {
        do {
          try await session.get("https://example.org/\(path)", timeout: .seconds(5)).raiseForStatus()
        } catch let error as HTTPError where error.code == .unsuccessfulStatus {
          seen.append("status \(error.status?.code ?? 0)")
        } catch is TimeoutError {
          seen.append("too slow")
        }
      }
    }
    #expect(seen == ["status 404", "too slow"])
  }

  @Test(.virtualTime) func `client and server without a socket`() async throws {
    let server = HTTPInProcessServer { request in HTTPServerResponse(text: "You asked for \(request.path)") }
    var configuration = HTTPSession.Configuration()
    configuration.middleware = [server]
    try await withHTTPSession(configuration) { session in
      let text = try await session.get("http://server/a").text
      #expect(text == "You asked for /a")
    }
  }

  /// Compiled, and not run: there is nobody to answer.
  func recipes() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.proxies = .all(try HTTPProxy("socks5://localhost:1080"), except: ["intern.example"])
    configuration.unixSocket = .path("/run/docker.sock")
    configuration.fields[.accept] = "application/json"
    configuration.middleware = [.bearer("token")]
    configuration.connectionsPerHost = 4
    configuration.phaseTimeouts.connect = .seconds(2)
    try await withHTTPSession(configuration) { session in
      try await session.post("/login", body: .form(["name": "Ada"])).raiseForStatus()

      var form = HTTPMultipart()
      form.append("title", "At the sea")
      form.append("photo", file: "beach.jpg", contentType: "image/jpeg")
      try await session.post("/photos", body: .multipart(form)).raiseForStatus()

      try await session.put("/backup", body: .file("backup.tar")).raiseForStatus()

      try await withFile("big.iso", .write) { file in
        try await session.stream(.get, "/big.iso") { response in
          try response.raiseForStatus()
          for try await piece in response.body { try await file.write(piece) }
        }
      }
    }
  }
}
