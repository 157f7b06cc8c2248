import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Testing

/// What a session sends and gives back, with our server as the peer.
@Suite(.virtualTime) struct HTTPSessionTests {
  /// Tells what it was asked.
  @Sendable private static func echo(_ request: HTTPServerRequest) -> HTTPServerResponse {
    // A field that nobody else makes, for the request's own fields.
    let fields = request.fields.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
    let text = "\(request.method) \(request.target) at \(request.authority ?? "") of \(request.body.count)"
    return HTTPServerResponse(fields: [.contentType: "text/plain", .eTag: fields], body: Array(text.utf8))
  }

  @Test func `a page is got`() async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        let response = try await session.get("\(server.url)/a/b?c=d#e")
        #expect(response.status == .ok)
        #expect(response.status.reasonPhrase == "OK")
        #expect(response.text == "GET /a/b?c=d at 127.0.0.1:\(server.port) of 0")
        #expect(response[.contentType] == "text/plain")
        #expect(response.fields[.contentLength] == "\(response.body.count)")
        #expect(response.url.description == "\(server.url)/a/b?c=d")
        #expect(response.trailers.isEmpty)
        #expect(response.description == "200 OK, \(response.body.count) bytes (\(server.url)/a/b?c=d)")
        #expect(
          response[.eTag] == "Accept=*/*|Accept-Encoding=gzip, deflate, br, zstd|User-Agent=swift-asyncio")
      }
    }
  }

  @Test func `own fields take the place of the session's`() async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        let response = try await session.get(server.url, fields: [.userAgent: "me", .cookie: "a=b"])
        #expect(
          response[.eTag] == "Accept=*/*|Accept-Encoding=gzip, deflate, br, zstd|User-Agent=me|Cookie=a=b")
        let host = try #require(HTTPField.Name("Host"))
        let other = try await session.get(server.url, fields: [host: "elsewhere"])
        #expect(other.text == "GET / at elsewhere of 0")
      }
    }
  }

  @Test func `a session may be without a user agent`() async throws {
    var configuration = HTTPSession.Configuration()
    configuration.userAgent = nil
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession(configuration) { session in
        let response = try await session.get(server.url)
        #expect(response[.eTag] == "Accept=*/*|Accept-Encoding=gzip, deflate, br, zstd")
      }
    }
  }

  @Test func `a closing request ends its connection`() async throws {
    try await ScriptedPeer.run {
      try await $0.answer("HTTP/1.1 204 No Content\r\n\r\n")
    } _: { peer in
      try await withHTTPSession { session in
        for _ in 0..<2 { _ = try await session.get(peer.url, fields: [.connection: "close"]) }
        #expect(peer.connectionCount == 2)
      }
    }
  }

  @Test(arguments: [0, 1, 100, 16_384, 16_385, 200_000, 900_000])
  func `a body is sent`(_ size: Int) async throws {
    try await RunningServer.run(handler: { HTTPServerResponse(body: $0.body) }) { server in
      try await withHTTPSession { session in
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let request = HTTPClientRequest(method: .post, url: try HTTPURL(server.url), body: .bytes(body))
        for _ in 0..<2 {
          let response = try await session.send(request)
          #expect(response.body == body)
        }
      }
    }
  }

  @Test(arguments: [HTTPRequest.Method.put, .delete, .patch, .options, .post])
  func `a method is sent`(_ method: HTTPRequest.Method) async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        let response = try await session.send(HTTPClientRequest(method: method, url: try HTTPURL(server.url)))
        #expect(response.text == "\(method) / at 127.0.0.1:\(server.port) of 0")
      }
    }
  }

  @Test func `HEAD has no body, whatever it announces`() async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        for _ in 0..<2 {
          let request = HTTPClientRequest(method: .head, url: try HTTPURL(server.url))
          let response = try await session.send(request)
          #expect(response.body.isEmpty)
          #expect(response[.contentLength] != nil)
        }
      }
    }
  }

  @Test func `what cannot be sent is refused and does no harm`() async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        let url = try HTTPURL(server.url)
        let connect = HTTPClientRequest(method: .connect, url: url)
        let error = await #expect(throws: HTTPCodecError.self) { try await session.send(connect) }
        #expect(error?.code == .invalidTarget)
        let length = HTTPClientRequest(url: url, fields: [.contentLength: "5"])
        _ = await #expect(throws: HTTPCodecError.self) { try await session.send(length) }
        let response = try await session.get(url)
        #expect(response.status == .ok)
      }
    }
  }

  @Test(arguments: [200, 204, 304, 399])
  func `a status that is no failure raises nothing`(_ code: Int) async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(status: .init(code: code)) }) { server in
      try await withHTTPSession { session in
        let response = try await session.get(server.url)
        let same = try response.raiseForStatus()
        #expect(same.status.code == code)
      }
    }
  }

  @Test(arguments: [400, 404, 500, 599])
  func `a status that is a failure is raised`(_ code: Int) async throws {
    let status = HTTPResponse.Status(code: code, reasonPhrase: "Bad luck")
    try await RunningServer.run(handler: { _ in HTTPServerResponse(status: status) }) { server in
      try await withHTTPSession { session in
        let response = try await session.get(server.url)
        let error = #expect(throws: HTTPError.self) { try response.raiseForStatus() }
        #expect(error?.code == .unsuccessfulStatus)
        #expect(error?.status == status)
        #expect(error?.description == "GET \(server.url)/: the server answered \(code) Bad luck")
      }
    }
  }

  @Test func `what is no URL of HTTP is refused in plain words`() async throws {
    try await withHTTPSession { session in
      _ = await #expect(throws: HTTPURLError.self) { try await session.get("ftp://example.org/") }
      _ = await #expect(throws: HTTPURLError.self) { try await session.get("example.org") }
    }
  }

  @Test func `a user agent that would be two lines is refused`() {
    var configuration = HTTPSession.Configuration()
    configuration.userAgent = "a\u{0}b"
    // The field's type makes blanks of line ends; what it lets pass and we do not is an error.
    if let session = try? HTTPSession(configuration) { #expect(session.configuration.userAgent == "a\u{0}b") }
  }

  @Test func `no time is no request`() async throws {
    try await withHTTPSession { session in
      _ = await #expect(throws: TimeoutError(after: .zero)) {
        try await session.get("http://127.0.0.1:1/", timeout: .zero)
      }
    }
  }

  @Test func `many requests run at once`() async throws {
    try await RunningServer.run(handler: { Self.echo($0) }) { server in
      try await withHTTPSession { session in
        let url = server.url
        let texts = try await gather(Array(0..<300), limit: 50) { number in
          try await session.get("\(url)/\(number)").text
        }
        #expect(texts == (0..<300).map { "GET /\($0) at 127.0.0.1:\(server.port) of 0" })
      }
    }
  }
}
