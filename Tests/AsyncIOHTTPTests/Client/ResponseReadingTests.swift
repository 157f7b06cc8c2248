import AsyncIOHTTP
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import HTTPTypes
import Testing

/// What a session makes of all kinds of answers, right and wrong ones.
@Suite(.virtualTime) struct ResponseReadingTests {
  /// Gets the peer's answer twice, and returns how many connections that took.
  private func getTwice(
    _ answer: String, method: HTTPRequest.Method = .get, closing: Bool = false,
    _ check: (HTTPClientResponse) -> Void
  ) async throws -> Int {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await connection.send(answer)
        if closing { return }
      }
    } _: { peer in
      try await withHTTPSession { session in
        for _ in 0..<2 {
          check(try await session.send(HTTPClientRequest(method: method, url: try HTTPURL(peer.url))))
        }
        return peer.connectionCount
      }
    }
  }

  /// The error that an answer leads to, after which the peer closes or resets the connection.
  private func failure<Failure: Error>(
    _ type: Failure.Type, of answer: String, _ configuration: HTTPSession.Configuration = .init(),
    reset: Bool = false
  ) async throws -> Failure? {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(answer)
      guard reset else { return }
      // The client must have read what was sent, which a reset would throw away.
      try await sleep(for: .seconds(1))
      connection.stream.abort()
    } _: { peer in
      try await withHTTPSession(configuration) { session in
        let error = await #expect(throws: type) { try await session.get(peer.url) }
        #expect(peer.connectionCount == 1)
        let open = try openSockets(port: peer.port)
        #expect(open <= 1, "the session has closed its end")
        return error
      }
    }
  }

  // MARK: Framing

  @Test func `a body of known length leaves the connection of use`() async throws {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    let count = try await getTwice(answer) { #expect($0.text == "hello") }
    #expect(count == 1)
  }

  @Test func `a body in chunks has trailers`() async throws {
    let answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nETag: \"z\"\r\n\r\n"
    let count = try await getTwice(answer) { response in
      #expect(response.text == "hello!")
      #expect(response.trailers == [.eTag: "\"z\""])
    }
    #expect(count == 1)
  }

  @Test func `a body may end with its connection`() async throws {
    let answer = "HTTP/1.1 200 OK\r\n\r\nhello"
    let count = try await getTwice(answer, closing: true) { #expect($0.text == "hello") }
    #expect(count == 2)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
  ])
  func `a connection that must not be used again is not`(_ answer: String) async throws {
    let count = try await getTwice(answer) { #expect($0.text == "ok") }
    #expect(count == 2)
  }

  @Test func `HTTP 1.0 may keep the connection`() async throws {
    let answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    let count = try await getTwice(answer) { #expect($0.text == "ok") }
    #expect(count == 1)
  }

  @Test func `interim responses are skipped`() async throws {
    let answer =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    let count = try await getTwice(answer) { #expect($0.status == .noContent) }
    #expect(count == 1)
  }

  @Test func `an answer to HEAD with a body spoils only its connection`() async throws {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    let count = try await getTwice(answer, method: .head) { #expect($0.body.isEmpty) }
    #expect(count == 2)
  }

  @Test func `what comes late and unasked spoils only its connection`() async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        try await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        try await sleep(for: .seconds(1))
        try await connection.send("HTTP/1.1 408 Request Timeout\r\n\r\n")
      }
    } _: { peer in
      try await withHTTPSession { session in
        for number in 1...3 {
          let response = try await session.get(peer.url)
          #expect(response.text == "ok")
          try await sleep(for: .seconds(2))
          #expect(peer.connectionCount == number)
        }
      }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n",
  ])
  func `an answer may come byte by byte`(_ answer: String) async throws {
    try await ScriptedPeer.run { connection in
      while try await connection.readHead() != nil {
        for byte in answer.utf8 {
          try await connection.stream.write([byte])
          await settle()
        }
      }
    } _: { peer in
      try await withHTTPSession { session in
        for _ in 0..<2 {
          let response = try await session.get(peer.url)
          #expect(response.text == "hello, world")
        }
        #expect(peer.connectionCount == 1)
      }
    }
  }

  // MARK: Failures

  @Test func `a truncated body says how much came`() async throws {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
    let error = try await failure(HTTPCodecError.self, of: answer)
    #expect(error?.code == .truncatedBody)
    #expect(error?.message.contains("10 bytes of body were expected and 5 came") == true)
  }

  @Test(arguments: [
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", HTTPCodecError.Code.truncatedBody
    ),
    ("HTTP/1.1 200 OK\r\nContent-Le", .truncatedHead),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .invalidChunkSize),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .conflictingContentLength),
    ("SSH-2.0-OpenSSH_9.2p1\r\n", .invalidVersion),
    ("HTTP/1.1 200 OK\n\n", .bareLineFeed),
  ])
  func `a broken answer is an error`(_ answer: String, _ code: HTTPCodecError.Code) async throws {
    #expect(try await failure(HTTPCodecError.self, of: answer)?.code == code)
  }

  @Test func `an endless head is cut off`() async throws {
    let line = "X: \(String(repeating: "x", count: 8000))\r\n"
    let answer = "HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 10)
    #expect(try await failure(HTTPCodecError.self, of: answer)?.code == .headTooLong)
  }

  @Test func `no answer at all is an error`() async throws {
    let error = try await failure(HTTPError.self, of: "")
    #expect(error?.code == .connectionLost)
    #expect(error?.message.hasSuffix("the server closed the connection without an answer") == true)
  }

  @Test func `a reset within a body is an error`() async throws {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
    let error = try await failure(HTTPError.self, of: answer, reset: true)
    #expect(error?.code == .connectionLost)
    #expect((error?.underlying as? IOError)?.code == .system)
    #expect(error?.message.contains("lost while reading the response") == true)
  }

  @Test func `interim responses without end are an error`() async throws {
    let answer = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 40)
    #expect(try await failure(HTTPError.self, of: answer)?.code == .tooManyInterimResponses)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello, world",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n, worl\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhello, world",
  ])
  func `a body beyond the limit is an error`(_ answer: String) async throws {
    var configuration = HTTPSession.Configuration()
    configuration.maximumBodySize = 10
    let error = try await failure(HTTPError.self, of: answer, configuration)
    #expect(error?.code == .bodyTooLarge)
    #expect(error?.message.contains("limit of 10 bytes") == true)
  }

  @Test(arguments: [
    "Content-Length: 10\r\n\r\n0123456789", "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n",
  ])
  func `a body at the limit is none`(_ rest: String) async throws {
    var configuration = HTTPSession.Configuration()
    configuration.maximumBodySize = 10
    try await ScriptedPeer.run {
      try await $0.answer("HTTP/1.1 200 OK\r\n\(rest)")
    } _: { peer in
      try await withHTTPSession(configuration) { session in
        let response = try await session.get(peer.url)
        #expect(response.text == "0123456789")
      }
    }
  }

  @Test func `an answer to a body that is still being sent is heard`() async throws {
    try await ScriptedPeer.run { connection in
      _ = try await connection.readHead()
      try await connection.send(
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      try connection.stream.closeWriting()
      try await connection.waitForEnd()
    } _: { peer in
      try await withHTTPSession { session in
        let body = [UInt8](repeating: 0, count: 8 * 1024 * 1024)
        let request = HTTPClientRequest(method: .post, url: try HTTPURL(peer.url), body: .bytes(body))
        let response = try await session.send(request)
        #expect(response.status == .contentTooLarge)
      }
      #expect(peer.connectionCount == 1)
    }
  }
}
