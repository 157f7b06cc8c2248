import AsyncIOHTTP
import AsyncIOTesting
import HTTPTypes
import Testing

/// What the verbs send, and what responses make of their bodies.
@Suite(.virtualTime) struct VerbTests {
  /// Sends back what it was asked: one fact on each line, and then the body.
  @Sendable static func mirror(_ request: HTTPServerRequest) -> HTTPServerResponse {
    var lines = ["\(request.method) \(request.target)"]
    for field in request.fields where field.name != .accept && field.name != .acceptEncoding {
      lines.append("\(field.name.canonicalName): \(field.value)")
    }
    return HTTPServerResponse(
      text: (lines + ["", String(decoding: request.body, as: UTF8.self)]).joined(separator: "\n"))
  }

  struct User: Codable, Equatable, Sendable {
    var name: String
    var age: Int
  }

  private static func session<Result>(
    _ change: (inout HTTPSession.Configuration) -> Void = { _ in },
    _ body: (HTTPSession) async throws -> Result
  ) async throws -> Result {
    try await RunningServer.run(handler: { mirror($0) }) { server in
      var configuration = HTTPSession.Configuration()
      configuration.baseURL = try HTTPURL(server.url)
      configuration.userAgent = nil
      change(&configuration)
      return try await withHTTPSession(configuration, body)
    }
  }

  @Test func `each verb has its method`() async throws {
    try await Self.session { session async throws in
      #expect(try await session.get("/p").text == "GET /p\n\n")
      #expect(try await session.delete("/p").text == "DELETE /p\n\n")
      #expect(try await session.options("/p").text == "OPTIONS /p\n\n")
      #expect(try await session.post("/p").text == "POST /p\ncontent-length: 0\n\n")
      #expect(try await session.put("/p", body: .bytes([65])).text == "PUT /p\ncontent-length: 1\n\nA")
      #expect(try await session.patch("/p", body: .bytes([65])).text == "PATCH /p\ncontent-length: 1\n\nA")
      let head = try await session.head("/p")
      #expect(head.body.isEmpty && head[.contentLength] == "9")
    }
  }

  @Test func `parameters are the session's, and then the request's`() async throws {
    try await Self.session {
      $0.parameters = ["key": "k"]
    } _: { session async throws in
      #expect(try await session.get("/p?a=1", parameters: ["q": "x y"]).text == "GET /p?a=1&key=k&q=x+y\n\n")
      let url = try #require(session.configuration.baseURL)
      #expect(try await session.get(url).text == "GET /?key=k\n\n")
    }
  }

  @Test func `fields of the session give way to the request's`() async throws {
    try await Self.session {
      $0.fields = [.authorization: "A", .from: "me"]
      $0.fields[.accept] = "text/html"
    } _: { session async throws in
      #expect(try await session.get("/").text == "GET /\nauthorization: A\nfrom: me\n\n")
      #expect(
        try await session.get("/", fields: [.from: "you"]).text == "GET /\nauthorization: A\nfrom: you\n\n")
    }
  }

  @Test func `JSON goes out and comes in`() async throws {
    let user = User(name: "Ada \u{1F600}", age: 36)
    try await RunningServer.run(handler: { request in
      HTTPServerResponse(fields: [.contentType: request[.contentType] ?? ""], body: request.body)
    }) { server in
      try await withHTTPSession { session async throws in
        for response in [
          try await session.post(server.url, json: user), try await session.put(server.url, json: user),
          try await session.patch(server.url, json: user),
        ] {
          #expect(response[.contentType] == "application/json")
          let same = try response.json(User.self)
          #expect(same == user)
        }
        let other: [String: User] = try await session.post(server.url, json: ["a": user]).json()
        #expect(other == ["a": user])
      }
    }
  }

  @Test func `what is no JSON is said with its beginning`() async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(text: "<html>") }) { server in
      try await withHTTPSession { session async throws in
        let response = try await session.get(server.url)
        let error = #expect(throws: HTTPError.self) { try response.json(User.self) }
        #expect(error?.code == .invalidJSON)
        #expect(error?.underlying is DecodingError)
        #expect(
          error?.message == "GET \(server.url)/: the body is no JSON of a User; it begins with \"<html>\"")
      }
    }
  }

  @Test func `a form is sent as a browser does it`() async throws {
    try await Self.session { session async throws in
      let response = try await session.post("/f", body: .form(["name": "A B", "n": 1]))
      #expect(
        response.text
          == "POST /f\ncontent-type: application/x-www-form-urlencoded\ncontent-length: 12\n\nname=A+B&n=1")
    }
  }

  @Test func `a content type that is given is kept`() async throws {
    try await Self.session { session async throws in
      let response = try await session.post("/", body: .text("x"), fields: [.contentType: "text/html"])
      #expect(response.text == "POST /\ncontent-type: text/html\ncontent-length: 1\n\nx")
    }
  }

  @Test(arguments: [
    ("text/plain; charset=iso-8859-1", [0x80, 0xE9, 0x41] as [UInt8], "€éA"),
    ("text/plain;charset=\"Windows-1252\"", [0x93, 0x94], "\u{201C}\u{201D}"),
    ("text/plain; charset=utf-16le", [0x41, 0, 0x3D, 0xD8, 0, 0xDE], "A\u{1F600}"),
    ("text/plain; charset=utf-16be", [0, 0x41, 0x41], "A\u{FFFD}"), ("text/plain", [0xC3, 0xA9], "é"),
    ("text/plain; charset=unheard-of", [0xC3, 0xA9, 0xFF], "é\u{FFFD}"),
    ("text/plain; charset=latin1", [0xEF, 0xBB, 0xBF, 0xC3, 0xA9], "é"), ("", [0xFF, 0xFE, 0x41, 0], "A"),
    ("text/plain; format=flowed; Charset=\"utf-16BE\"", [0, 0x42], "B"),
  ])
  func `text is read as it is encoded`(_ type: String, _ body: [UInt8], _ text: String) async throws {
    try await RunningServer.run(handler: { _ in HTTPServerResponse(fields: [.contentType: type], body: body) }
    ) {
      server in
      try await withHTTPSession { session async throws in
        #expect(try await session.get(server.url).text == text)
      }
    }
  }
}
