import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// What a server makes of requests, and how it answers; with raw text on the other side.
@Suite(.virtualTime) struct HTTPServerTests {
  /// Says what was asked.
  static let echo: HTTPServer.Handler = { request in
    HTTPServerResponse(
      text: "\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self))\n")
  }

  /// The answers without their dates.
  private func exchange(
    _ text: String, _ configuration: HTTPServer.Configuration = .init(),
    handler: @escaping HTTPServer.Handler = HTTPServerTests.echo
  ) async throws -> String {
    try await RunningServer.run(configuration, handler: handler) { server in
      let answer = try await server.exchange(text)
      let dates = answer.occurrences(of: "Date: ")
      #expect(dates == answer.occurrences(of: "HTTP/1.1 "), "each answer has a date")
      return answer.withoutDates
    }
  }

  // MARK: Requests

  @Test func `a request has all its parts`() async throws {
    let seen = Mutex<HTTPServerRequest?>(nil)
    let text =
      "POST /a%20b/c?d=e&f HTTP/1.1\r\nHost: example.org:81\r\nAccept: text/*\r\nCookie: a\r\nContent-Length: 5\r\n\r\nhello"
    _ = try await exchange(text) { request in
      seen.withLock { $0 = request }
      return HTTPServerResponse()
    }
    let request = try #require(seen.withLock { $0 })
    #expect(request.method == .post)
    #expect(request.target == "/a%20b/c?d=e&f")
    #expect(request.path == "/a%20b/c")
    #expect(request.query == "d=e&f")
    #expect(request.authority == "example.org:81")
    #expect(request.fields == [.accept: "text/*", .cookie: "a", .contentLength: "5"])
    #expect(request[.accept] == "text/*")
    #expect(request.body == Array("hello".utf8))
    #expect(request.trailers.isEmpty)
    #expect(request.remoteAddress?.ip == "127.0.0.1")
    #expect(request.description == "POST /a%20b/c?d=e&f")
  }

  @Test func `a request without a query has none`() async throws {
    let text = "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await exchange(text) { request in
      HTTPServerResponse(text: "\(request.path) \(request.query ?? "none")")
    }
    #expect(answer.hasSuffix("\r\n\r\n* none"))
  }

  @Test func `a body in chunks is put together`() async throws {
    let text =
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nETag: x\r\n\r\n"
    let answer = try await exchange(text) { request in
      HTTPServerResponse(
        text: String(decoding: request.body, as: UTF8.self) + (request.trailers[.eTag] ?? ""))
    }
    #expect(answer.hasSuffix("\r\n\r\nhellox"))
  }

  @Test func `requests that come together are answered in turn`() async throws {
    let text =
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await exchange(text) { request in
      // The first takes longest.
      try await sleep(for: .seconds(4 - (Int(request.path.dropFirst()) ?? 0)))
      return try await Self.echo(request)
    }
    let bodies = answer.split(separator: "\r\n\r\n").dropFirst().compactMap {
      $0.split(separator: "\n").first
    }
    #expect(bodies == ["GET /1 ", "POST /2 ab", "GET /3 "])
  }

  @Test func `a request may come byte by byte`() async throws {
    try await RunningServer.run(handler: Self.echo) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      let text = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      for _ in 0..<2 {
        for byte in text.utf8 {
          try await stream.write([byte])
          await settle()
        }
        let answer = try await stream.read(until: "POST /x hello\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      }
      stream.close()
    }
  }

  @Test func `a body that is announced is asked for`() async throws {
    try await RunningServer.run(handler: Self.echo) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
      try await stream.write(Array(head.utf8))
      let interim = try await stream.read(until: "\r\n\r\n")
      #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
      try await stream.write(Array("ok".utf8))
      let answer = try await stream.read(until: "POST / ok\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      // Nobody waits here: the body comes with the head.
      try await stream.write(Array((head + "ok").utf8))
      let second = try await stream.read(until: "POST / ok\n")
      #expect(second.hasPrefix("HTTP/1.1 200 OK\r\n"))
      stream.close()
    }
  }

  // MARK: Connections

  @Test func `the connection is kept, or not, as the client wishes`() async throws {
    let cases = [
      ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 2),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Connection: close\r\n", 1),
      ("GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", 1),
      ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n", 2),
    ]
    for (request, field, count) in cases {
      let one =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n\(field)\r\nGET / \n"
      let answer = try await exchange(request + request)
      #expect(answer == String(repeating: one, count: count))
    }
  }

  @Test func `a handler may close the connection`() async throws {
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let answer = try await exchange(request + request) { _ in
      HTTPServerResponse(fields: [.connection: "close"])
    }
    #expect(answer == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
  }

  // MARK: Refusals

  @Test(arguments: [
    ("GET  / HTTP/1.1\r\n\r\n", "400 Bad Request"),
    ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
    ("GET / HTTP/1.1\nHost: a\n\n", "400 Bad Request"),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400 Bad Request"
    ),
    ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\n", "414 URI Too Long"),
    (
      "GET / HTTP/1.1\r\nA: \(String(repeating: "a", count: 9000))\r\n", "431 Request Header Fields Too Large"
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"),
    ("GET / HTTP/2.0\r\n\r\n", "505 HTTP Version Not Supported"),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "400 Bad Request"),
  ])
  func `what is no request is refused and the connection closed`(_ text: String, _ status: String)
    async throws
  {
    // What comes after it is never read as another request.
    let answer = try await exchange(text + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(
      answer
        == "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(status.utf8.count + 1)\r\n"
        + "Connection: close\r\n\r\n\(status)\n")
  }

  @Test(arguments: [
    "Content-Length: 11\r\n\r\nhello, worl", "Content-Length: 999999999999\r\n\r\n",
    "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n6\r\nhello,\r\n5\r\n worl\r\n0\r\n\r\n",
  ])
  func `a body beyond the limit is refused`(_ rest: String) async throws {
    var configuration = HTTPServer.Configuration()
    configuration.maximumBodySize = 10
    let answer = try await exchange("POST / HTTP/1.1\r\nHost: a\r\n\(rest)", configuration)
    #expect(answer.hasPrefix("HTTP/1.1 413 "))
    #expect(answer.contains("Connection: close\r\n"))
  }

  @Test func `a client that sends on gets its refusal all the same`() async throws {
    try await RunningServer.run(handler: Self.echo) { server in
      try await withHTTPSession { session in
        let body = [UInt8](repeating: 0, count: 8 * 1024 * 1024)
        let request = HTTPClientRequest(method: .post, url: try HTTPURL(server.url), body: .bytes(body))
        let response = try await session.send(request)
        #expect(response.status == .contentTooLarge)
      }
    }
  }

  @Test func `what comes after a refusal is read and thrown away, so that it is no error to send it`()
    async throws
  {
    try await RunningServer.run(handler: Self.echo) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n".utf8))
      let answer = try await stream.readToEnd()
      #expect(answer.hasPrefix("HTTP/1.1 413 "))
      for _ in 0..<30 {
        try await stream.write([UInt8](repeating: 0, count: 65_536))
        await settle()
      }
    }
  }

  @Test(arguments: ["", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"])
  func `a request that ends early is not handled`(_ text: String) async throws {
    let answer = try await exchange(text) { _ in
      Issue.record("half a request must not be handled")
      return HTTPServerResponse()
    }
    #expect(answer == "" || answer.hasPrefix("HTTP/1.1 400 "))
  }
}

extension String {
  /// How often `part` occurs.
  func occurrences(of part: String) -> Int {
    split(separator: part, omittingEmptySubsequences: false).count - 1
  }

  /// The text without the lines that tell the time.
  var withoutDates: String {
    split(separator: "\r\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Date: ") }
      .joined(separator: "\r\n")
  }
}
