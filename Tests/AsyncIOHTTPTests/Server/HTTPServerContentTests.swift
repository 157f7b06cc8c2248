import AsyncIOCoordination
import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Synchronization
import Testing

/// What handlers take from requests, and put into responses.
@Suite(.virtualTime) struct HTTPServerContentTests {
  private struct User: Codable, Equatable {
    var name: String
    var age: Int
  }

  private static func request(
    _ path: String = "/", _ fields: HTTPFields = [:], body: String = ""
  ) -> HTTPServerRequest {
    HTTPServerRequest(
      HTTPRequest(method: .post, scheme: "http", authority: "a", path: path, headerFields: fields),
      body: Array(body.utf8))
  }

  // MARK: JSON, queries, forms

  @Test func `JSON comes and goes`() throws {
    let user = try Self.request(body: #"{"name": "Ada", "age": 36}"#).json(User.self)
    #expect(user == User(name: "Ada", age: 36))
    let response = try HTTPServerResponse.json(user, status: .created)
    #expect(response.status == .created)
    #expect(response.fields[.contentType] == "application/json")
    let back = try Self.request(body: response.text).json(User.self)
    #expect(back == user)
  }

  @Test(arguments: [
    ("", "it is no JSON"), ("{", "it is no JSON"), (#"{"name": "Ada"}"#, "'age' is missing"),
    (#"{"name": "Ada", "age": "secret"}"#, "at age: Int is expected"),
    (#"{"name": null, "age": 1}"#, "at name: String is expected, and not null"),
  ])
  func `what is not the JSON that is expected is the client's mistake`(_ body: String, _ reason: String) {
    do {
      _ = try Self.request(body: body).json(User.self)
      Issue.record("\(body) was taken for a user")
    } catch let error as HTTPStatusError {
      #expect(error.status == .badRequest)
      #expect(error.message == "The body is not the JSON that is expected here: \(reason).")
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `a query has parameters of types`() throws {
    let request = Self.request("/?page=2&q=a+b%26&page=3&x")
    #expect(request.queryParameters["q"] == "a b&")
    let page = try request.queryParameter("page", as: Int.self)
    #expect(page == 2)
    let nothing = try request.queryParameter("size", as: Int.self)
    #expect(nothing == nil)
    let error = #expect(throws: HTTPStatusError.self) { try request.queryParameter("q", as: Int.self) }
    #expect(error?.status == .badRequest)
    #expect(Self.request("/").queryParameters.isEmpty)
  }

  @Test func `a form has fields`() throws {
    let fields: HTTPFields = [.contentType: "application/x-www-form-urlencoded; charset=utf-8"]
    let form = try Self.request("/", fields, body: "a=1&b=%C3%BC+x").form()
    #expect(form["b"] == "ü x")
    let error = #expect(throws: HTTPStatusError.self) { try Self.request(body: "a=1").form() }
    #expect(error?.status == .unsupportedMediaType)
  }

  @Test func `a form with files has parts, as our own client sends them`() async throws {
    let handler: HTTPServer.Handler = { request in
      let parts = try request.multipartForm()
      return HTTPServerResponse(
        text: parts.map { "\($0.name)|\($0.filename ?? "")|\($0.contentType ?? "")|\($0.text)" }.joined(
          separator: "\n"))
    }
    var form = HTTPMultipart(boundary: "b")
    form.append("title", "two\r\nlines\r\n--c")
    form.append("empty", "")
    form.append(
      "a \"name\" 5%2", bytes: Array("--b--\r\n--".utf8), filename: "ü;\".txt", contentType: "text/x")
    try await RunningServer.run(handler: handler) { server in
      try await withHTTPSession { session in
        let response = try await session.post(server.url, body: .multipart(form))
        #expect(
          response.text
            == "title|||two\r\nlines\r\n--c\nempty|||\na \"name\" 5%2|ü;\".txt|text/x|--b--\r\n--")
      }
    }
  }

  @Test(arguments: [
    "", "--b", "--b\r\n", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
    "--b\r\n\r\nx\r\n--b--",
    "--bx\r\n\r\n\r\n--b--", "--b\r\nno colon\r\n\r\nx\r\n--b--",
    "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
  ])
  func `a damaged form is the client's mistake`(_ body: String) {
    let request = Self.request("/", [.contentType: "multipart/form-data; boundary=b"], body: body)
    let error = #expect(throws: HTTPStatusError.self) { try request.multipartForm() }
    #expect(error?.status == .badRequest)
  }

  // MARK: Cookies, redirects

  @Test func `cookies come back as they were set`() throws {
    var response = HTTPServerResponse()
    response.setCookie("id", "a b;ü\"%", attributes: .init(maxAge: .seconds(60), isSecure: true))
    response.removeCookie("old")
    let fields = response.fields[values: .setCookie]
    #expect(
      fields == [
        "id=a%20b%3B%C3%BC%22%25; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
        "old=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
      ])
    let pair = try #require(fields[0].split(separator: ";").first)
    let request = Self.request("/", [.cookie: "x=\"1\"; \(pair); bad; =y; x=2"])
    #expect(request.cookies == ["x": "1", "id": "a b;ü\"%"])
  }

  @Test func `a session keeps the cookies of a server`() async throws {
    let handler: HTTPServer.Handler = { request in
      var response = HTTPServerResponse(text: request.cookies["count"] ?? "none")
      response.setCookie("count", "\((Int(request.cookies["count"] ?? "") ?? 0) + 1)")
      return response
    }
    try await RunningServer.run(handler: handler) { server in
      var configuration = HTTPSession.Configuration()
      configuration.cookies = HTTPCookieJar()
      try await withHTTPSession(configuration) { session in
        var texts: [String] = []
        for _ in 0..<3 { texts.append(try await session.get(server.url).text) }
        #expect(texts == ["none", "1", "2"])
      }
    }
  }

  @Test(arguments: [
    ("/a b?c=d#e", "/a%20b?c=d#e"), ("https://example.org/", "https://example.org/"),
    ("/\r\nSet-Cookie: x=1", "/%0D%0ASet-Cookie:%20x=1"), ("/ü", "/%C3%BC"),
  ])
  func `a redirect is one line, whatever it leads to`(_ location: String, _ field: String) {
    let response = HTTPServerResponse.redirect(to: location)
    #expect(response.status == .seeOther)
    #expect(response.fields[.location] == field)
  }

  @Test func `requests and responses are made of the currency types, and into them`() {
    let original = HTTPRequest(
      method: .put, scheme: "https", authority: "a:1", path: "/x?y", headerFields: [.accept: "*/*"])
    let request = HTTPServerRequest(original)
    #expect(request.httpRequest == original)
    #expect(request.path == "/x")
    let response = HTTPServerResponse(HTTPResponse(status: .gone, headerFields: [.eTag: "x"]), body: [1])
    #expect(response.status == .gone)
    #expect(response.fields[.eTag] == "x")
    #expect(response.bytes == [1])
  }

  // MARK: Bodies that the handler reads

  private static func streaming(upTo limit: Int = .max) -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.bodyHandling = { _ in .stream(upTo: limit) }
    return configuration
  }

  @Test func `a body is read as it comes, and slows the client down`() async throws {
    let handler: HTTPServer.Handler = { request in
      var (count, sum) = (0, 0)
      for try await piece in request.bodyStream {
        count += piece.count
        sum = piece.reduce(sum) { $0 &+ Int($1) }
      }
      #expect(request.body.isEmpty)
      return HTTPServerResponse(text: "\(count) \(sum)")
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      try await withHTTPSession { session in
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0) }
        let expected = "5000000 \(body.reduce(0) { $0 + Int($1) })"
        for length in [5_000_000, nil] {
          let response = try await session.post(
            server.url,
            body: .stream(length: length) { writer in
              for start in stride(from: 0, to: body.count, by: 100_000) {
                try await writer.write(Array(body[start..<start + 100_000]))
              }
            })
          #expect(response.text == expected)
        }
      }
    }
  }

  @Test func `a body may be answered while it comes`() async throws {
    let handler: HTTPServer.Handler = { request in
      HTTPServerResponse { writer in
        for try await piece in request.bodyStream { try await writer.write(piece) }
      }
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      try await stream.write(Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
      try await stream.write(Array("3\r\none\r\n".utf8))
      let first = try await stream.read(until: "3\r\none\r\n")
      #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
      try await stream.write(Array("3\r\ntwo\r\n".utf8))
      let second = try await stream.read(until: "two\r\n")
      #expect(second == "3\r\ntwo\r\n")
      try await stream.write(Array("0\r\n\r\n".utf8))
      let end = try await stream.read(until: "0\r\n\r\n")
      #expect(end == "0\r\n\r\n")
    }
  }

  @Test func `a client is asked for the body when the handler wants it`() async throws {
    let handler: HTTPServer.Handler = { request in
      if request.path == "/refuse" { throw HTTPStatusError(.unauthorized) }
      try await sleep(for: .seconds(1))
      return HTTPServerResponse(
        text: String(decoding: try await request.bodyStream.collect(upTo: 10), as: UTF8.self))
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      let start = LoopClock.now
      try await stream.write(Array("POST / \(head)".utf8))
      let interim = try await stream.read(until: "\r\n\r\n")
      #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
      #expect(start.duration(to: .now) == .seconds(1))
      try await stream.write(Array("hello".utf8))
      let answer = try await stream.read(until: "hello")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      // Refused before it was asked for: then whether it comes nobody knows, and the connection ends.
      try await stream.write(Array("POST /refuse \(head)".utf8))
      let refusal = try await stream.readToEnd()
      #expect(refusal.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
      #expect(refusal.contains("Connection: close\r\n"))
    }
  }

  @Test(arguments: [
    ("Content-Length: 11\r\n\r\nhello world", "413"),
    ("Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n", "413"),
    ("Transfer-Encoding: chunked\r\n\r\nx\r\n", "400"), ("Content-Length: 10\r\n\r\nhelloworld", "200"),
  ])
  func `a body that the handler reads has its limit and its grammar`(_ rest: String, _ status: String)
    async throws
  {
    let handler: HTTPServer.Handler = { request in
      HTTPServerResponse(body: try await request.bodyStream.collect(upTo: 1000))
    }
    try await RunningServer.run(Self.streaming(upTo: 10), handler: handler) { server in
      let answer = try await server.exchange("POST / HTTP/1.1\r\nHost: a\r\n\(rest)")
      #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
      #expect(answer.occurrences(of: "HTTP/1.1 ") == 1)
    }
  }

  @Test(
    arguments: [
      // Too large, with its end at hand; no body at all, where what was read before makes it look like the end of one.
      ["6\r\nhello \r\n23\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n"],
      ["3\r\n", "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"],
    ], ["/read", "/ignore", "/catch"])
  func `what is in a body that was refused is not the next request`(_ packets: [String], _ path: String)
    async throws
  {
    let paths = Mutex<[String]>([])
    let handler: HTTPServer.Handler = { request in
      paths.withLock { $0.append(request.path) }
      switch request.path {
      case "/read": return HTTPServerResponse(body: try await request.bodyStream.collect(upTo: 1000))
      case "/catch":
        for _ in 0..<3 {
          await #expect(throws: HTTPStatusError.self) { try await request.bodyStream.collect(upTo: 1000) }
        }
      default: break
      }
      return HTTPServerResponse()
    }
    try await RunningServer.run(Self.streaming(upTo: 10), handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      var head = "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      for packet in packets {
        try await stream.write(Array((head + packet).utf8))
        head = ""
        await settle()
      }
      let answer = try await stream.readToEnd()
      #expect(answer.occurrences(of: "HTTP/1.1 ") == 1)
      #expect(answer.contains("Connection: close\r\n"))
    }
    #expect(paths.withLock { $0 } == [path])
  }

  @Test func `nobody is asked for a body within the answer`() async throws {
    let handler: HTTPServer.Handler = { request in
      HTTPServerResponse { writer in
        try await writer.write("so:")
        try await writer.write(try await request.bodyStream.collect(upTo: 10))
      }
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
      try await stream.write(Array(head.utf8))
      let start = try await stream.read(until: "so:\r\n")
      #expect(start.hasPrefix("HTTP/1.1 200 OK\r\n"))
      await settle()
      try await stream.write(Array("hello".utf8))
      let rest = try await stream.readToEnd()
      #expect(rest == "5\r\nhello\r\n0\r\n\r\n")
    }
  }

  @Test func `a handler may take its time with a body`() async throws {
    var configuration = Self.streaming()
    configuration.bodyTimeout = .seconds(5)
    let handler: HTTPServer.Handler = { request in
      var bytes: [UInt8] = []
      try await sleep(for: .seconds(20))
      for try await piece in request.bodyStream {
        bytes += piece
        try await sleep(for: .seconds(20))
      }
      return HTTPServerResponse(body: bytes)
    }
    try await RunningServer.run(configuration, handler: handler) { server in
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"
      try await stream.write(Array(head.utf8))
      _ = try await stream.read(until: "\r\n\r\n")
      try await stream.write(Array("hel".utf8))
      try await sleep(for: .seconds(21))
      try await stream.write(Array("lo!".utf8))
      let answer = try await stream.read(until: "hello!")
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func `what a handler leaves of a body is not the next request`() async throws {
    let small = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    let handler: HTTPServer.Handler = { _ in HTTPServerResponse(text: "unread") }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      // It has come with the head, so that the connection can go on.
      let kept = try await server.exchange(small + small)
      #expect(kept.occurrences(of: "HTTP/1.1 200 OK") == 2)
      // It has not, and what comes as its rest is thrown away.
      let smuggling = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
      let stream = try await TCPStream.connect(host: "127.0.0.1", port: server.port)
      defer { stream.close() }
      let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(smuggling.utf8.count)\r\n\r\n"
      try await stream.write(Array(head.utf8))
      await settle()
      try await stream.write(Array(smuggling.utf8))
      let answer = try await stream.readToEnd()
      #expect(answer.occurrences(of: "HTTP/1.1 ") == 1)
      #expect(answer.contains("Connection: close\r\n"))
    }
  }

  @Test func `a body is nobody's when its request is over`() async throws {
    let kept = Mutex<HTTPRequestBodyStream?>(nil)
    let handler: HTTPServer.Handler = { request in
      kept.withLock { $0 = request.bodyStream }
      return HTTPServerResponse()
    }
    try await RunningServer.run(Self.streaming(), handler: handler) { server in
      _ = try await server.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
      let stream = try #require(kept.withLock { $0 })
      let error = await #expect(throws: HTTPServerError.self) { try await stream.collect(upTo: 10) }
      #expect(error?.code == .bodyLeft)
    }
  }

  @Test func `a route says what becomes of bodies`() async throws {
    var router = HTTPRouter()
    router.post("/large", body: .collect(upTo: 20)) { HTTPServerResponse(text: "\($0.body.count)") }
    router.post("/stream", body: .stream(upTo: 20)) { request in
      HTTPServerResponse(
        text: "\(request.body.count) \(try await request.bodyStream.collect(upTo: 20).count)")
    }
    router.post("/small") { HTTPServerResponse(text: "\($0.body.count)") }
    var configuration = HTTPServer.Configuration()
    configuration.maximumBodySize = 10
    try await RunningServer.run(configuration, router: router) { server in
      try await withHTTPSession { session in
        let body = HTTPRequestBody.bytes([UInt8](repeating: 0, count: 15))
        var texts: [String] = []
        for path in ["large", "stream"] {
          texts.append(try await session.post("\(server.url)/\(path)", body: body).text)
        }
        #expect(texts == ["15", "0 15"])
        let small = try await session.post("\(server.url)/small", body: body)
        #expect(small.status == .contentTooLarge)
      }
    }
  }

  // MARK: The log

  @Test func `each answer is noted when it was sent`() async throws {
    let log = Mutex<[HTTPAccessRecord]>([])
    var configuration = HTTPServer.Configuration()
    configuration.accessLog = { record in log.withLock { $0.append(record) } }
    let handler: HTTPServer.Handler = { request in
      if request.path == "/missing" { throw HTTPStatusError(.notFound) }
      if request.path == "/bytes" { return HTTPServerResponse(body: [UInt8](repeating: 0, count: 100_000)) }
      return HTTPServerResponse { writer in
        try await writer.write("hello, ")
        try await sleep(for: .seconds(2))
        try await writer.write("world")
      }
    }
    try await RunningServer.run(configuration, handler: handler) { server in
      try await withHTTPSession { session in
        for path in ["/missing", "/bytes", "/stream"] { _ = try await session.get(server.url + path) }
      }
    }
    let records = log.withLock { $0 }
    #expect(
      records.map { "\($0.request.target) \($0.status.code) \($0.size)" } == [
        "/missing 404 14", "/bytes 200 100000", "/stream 200 12",
      ])
    #expect(records.last?.duration == .seconds(2))
    #expect(records.last?.description == "127.0.0.1 \"GET /stream\" 200 12 2000ms")
  }
}
