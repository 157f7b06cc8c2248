import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Testing

/// What a session does about redirects, cookies among them.
@Suite(.virtualTime) struct RedirectTests {
  /// `/to/CODE/path` redirects to `/path`; all else is mirrored.
  @Sendable private static func answer(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let parts = request.path.split(separator: "/", maxSplits: 2)
    if parts.first == "to", parts.count == 3, let code = Int(parts[1]) {
      return HTTPServerResponse(
        status: .init(code: code), fields: [.location: "/\(parts[2])", .setCookie: "hop\(code)=1; Path=/"],
        body: [65])
    }
    if request.path == "/circle" { return HTTPServerResponse(status: .found, fields: [.location: "/circle"]) }
    return VerbTests.mirror(request)
  }

  private static func run(_ body: (RunningServer, HTTPSession) async throws -> Void) async throws {
    try await RunningServer.run(handler: { answer($0) }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.baseURL = try HTTPURL(server.url)
      configuration.userAgent = nil
      try await withHTTPSession(configuration) { try await body(server, $0) }
    }
  }

  @Test func `redirects are followed, and told`() async throws {
    try await Self.run { server, session async throws in
      let response = try await session.get("/to/302/to/307/end?q=1")
      #expect(response.text == "GET /end\ncookie: hop302=1; hop307=1\n\n")
      #expect(response.url.description == "\(server.url)/end")
      #expect(response.history.map(\.status.code) == [302, 307])
      #expect(response.history.map(\.body) == [[65], [65]])
      #expect(response.history.map(\.url.path) == ["/to/302/to/307/end", "/to/307/end"])
    }
  }

  @Test func `a stream follows redirects too`() async throws {
    try await Self.run { server, session async throws in
      let (text, count) = try await session.stream(.get, "/to/301/to/302/end") { response in
        (String(decoding: try await response.body.collect(upTo: 1000), as: UTF8.self), response.history.count)
      }
      #expect(text.hasPrefix("GET /end") && count == 2)
      await settle()
      let open = try openSockets(port: server.port)
      #expect(open == 2, "one connection was enough")
    }
  }

  @Test(arguments: [
    (301, HTTPRequest.Method.post, "GET"), (302, .post, "GET"), (303, .post, "GET"), (303, .put, "GET"),
    (307, .post, "POST"),
    (308, .post, "POST"), (301, .put, "PUT"), (302, .put, "PUT"), (303, .get, "GET"),
  ])
  func `the method is as browsers have it`(_ code: Int, _ method: HTTPRequest.Method, _ becomes: String)
    async throws
  {
    try await Self.run { _, session async throws in
      let body: HTTPRequestBody = method == .get ? .none : .text("body")
      let response = try await session.send(session.request(method, "/to/\(code)/end", body: body))
      #expect(response.text.hasPrefix("\(becomes) /end"))
      #expect(response.text.hasSuffix(becomes == "GET" ? "\n\n" : "\n\nbody"))
      #expect(response.text.contains("content-type") == (becomes != "GET"))
    }
  }

  @Test func `a HEAD stays one`() async throws {
    try await Self.run { _, session async throws in
      let response = try await session.head("/to/303/end")
      #expect(response.status == .ok && response.body.isEmpty && response.history.count == 1)
    }
  }

  @Test func `circles end`() async throws {
    try await Self.run { _, session async throws in
      let error = await #expect(throws: HTTPError.self) { try await session.get("/circle") }
      #expect(error?.code == .tooManyRedirects)
      var request = try session.request(.get, "/to/302/to/302/end")
      request.redirects = .follow(limit: 1)
      let limited = request
      let second = await #expect(throws: HTTPError.self) { try await session.send(limited) }
      #expect(second?.code == .tooManyRedirects)
      request.redirects = HTTPRedirects.none
      let response = try await session.send(request)
      #expect(response.status.code == 302)
    }
  }

  @Test func `a body that can be sent once only is not sent twice`() async throws {
    try await Self.run { _, session async throws in
      let error = await #expect(throws: HTTPError.self) {
        try await session.post("/to/307/end", body: .stream { try await $0.write("a") })
      }
      #expect(error?.code == .bodyNotRepeatable)
      let response = try await session.post(
        "/to/307/end", body: .stream(isRepeatable: true) { try await $0.write("a") })
      #expect(response.text.hasSuffix("\n\na"))
      let dropped = try await session.post("/to/303/end", body: .stream { try await $0.write("a") })
      #expect(dropped.text.hasPrefix("GET /end"))
    }
  }

  @Test func `credentials stay with their server`() async throws {
    try await RunningServer.run(handler: { VerbTests.mirror($0) }) { other in
      let target = other.url + "/end"
      try await RunningServer.run(handler: { request in
        HTTPServerResponse(status: .found, fields: [.location: request.path == "/here" ? "/there" : target])
      }) { first in
        var configuration = HTTPSession.Configuration()
        configuration.userAgent = nil
        configuration.fields[.authorization] = "secret of the session"
        try await withHTTPSession(configuration) { session async throws in
          let fields: HTTPFields = [.cookie: "own=1", .authorization: "secret", .from: "me"]
          for fields in [fields, [.from: "me"]] {
            let response = try await session.get(first.url + "/here", fields: fields)
            #expect(response.text == "GET /end\nfrom: me\n\n")
            #expect(response.history.count == 2)
          }
        }
      }
    }
  }

  @Test(arguments: ["http://", "ftp://h/", "http://user:secret@h/", "https://[/"])
  func `a redirect to nowhere is an error`(_ location: String) async throws {
    try await RunningServer.run(handler: { _ in
      HTTPServerResponse(status: .found, fields: [.location: location])
    }) { server in
      try await withHTTPSession { session async throws in
        let error = await #expect(throws: HTTPError.self) { try await session.get(server.url) }
        #expect(error?.code == .invalidRedirect)
        #expect(error?.message.contains("secret") == false)
      }
    }
  }

  @Test func `all hops have one time`() async throws {
    try await RunningServer.run(handler: { _ in
      try await sleep(for: .seconds(2))
      return HTTPServerResponse(status: .found, fields: [.location: "/again"])
    }) { server in
      try await withHTTPSession { session async throws in
        let start = LoopClock.now
        let error = await #expect(throws: TimeoutError.self) {
          try await session.get(server.url, timeout: .seconds(5))
        }
        #expect(start.duration(to: .now) == .seconds(5))
        let cause = error?.cause as? HTTPError
        #expect(cause?.timings?.earlier == .seconds(4))
        #expect(cause?.timings?.firstByte == .seconds(1))
      }
    }
  }

  @Test func `cookies go back and forth`() async throws {
    try await RunningServer.run(handler: { request in
      if request.path == "/login" { return HTTPServerResponse(fields: [.setCookie: "id=7; Path=/"]) }
      return HTTPServerResponse(text: request[.cookie] ?? "none")
    }) { server in
      try await withHTTPSession { session async throws in
        #expect(try await session.get(server.url).text == "none")
        _ = try await session.post(server.url + "/login")
        #expect(try await session.get(server.url).text == "id=7")
        #expect(try await session.get(server.url, fields: [.cookie: "own=1"]).text == "own=1; id=7")
        session.configuration.cookies?.removeAll()
        #expect(try await session.get(server.url).text == "none")
      }
      var configuration = HTTPSession.Configuration()
      configuration.cookies = nil
      try await withHTTPSession(configuration) { session async throws in
        _ = try await session.get(server.url + "/login")
        #expect(try await session.get(server.url).text == "none")
      }
    }
  }
}
