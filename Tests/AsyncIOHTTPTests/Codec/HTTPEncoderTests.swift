import AsyncIOHTTP
import HTTPTypes
import Testing

/// What is written, to the byte.
struct HTTPEncoderTests {
  private func request(
    _ method: HTTPRequest.Method = .get, scheme: String? = "http", authority: String? = "example.org",
    path: String? = "/", fields: HTTPFields = [:], framing: HTTPBodyFraming = .none,
    target: HTTPEncoder.TargetForm = .origin, connection: HTTPEncoder.Connection = .unspecified
  ) throws(HTTPCodecError) -> String {
    let request = HTTPRequest(
      method: method, scheme: scheme, authority: authority, path: path, headerFields: fields)
    var bytes = Array("before".utf8)
    try HTTPEncoder.appendHead(
      of: request, framing: framing, target: target, connection: connection, to: &bytes)
    return String(decoding: bytes.dropFirst(6), as: UTF8.self)
  }

  private func response(
    _ status: HTTPResponse.Status = .ok, _ fields: HTTPFields = [:], to method: HTTPRequest.Method = .get,
    framing: HTTPBodyFraming = .none, connection: HTTPEncoder.Connection = .unspecified
  ) throws(HTTPCodecError) -> String {
    var bytes: [UInt8] = []
    try HTTPEncoder.appendHead(
      of: HTTPResponse(status: status, headerFields: fields), answering: method, framing: framing,
      connection: connection, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `a request has its host first and no default port`() throws {
    #expect(
      try request(path: "/a?b", fields: [.accept: "*/*"])
        == "GET /a?b HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n")
    #expect(try request(authority: "a:80").contains("\r\nHost: a\r\n"))
    #expect(try request(authority: "a:8080").contains("\r\nHost: a:8080\r\n"))
    #expect(try request(authority: "a:443").contains("\r\nHost: a:443\r\n"))
    #expect(try request(scheme: "https", authority: "[::1]:443").contains("\r\nHost: [::1]\r\n"))
    let host = try #require(HTTPField.Name("Host"))
    #expect(try request(fields: [host: "other"]) == "GET / HTTP/1.1\r\nHost: other\r\n\r\n")
  }

  @Test func `each form of the target is written`() throws {
    #expect(try request(target: .absolute).hasPrefix("GET http://example.org/ HTTP/1.1\r\n"))
    #expect(try request(.options, path: "*").hasPrefix("OPTIONS * HTTP/1.1\r\n"))
    #expect(
      try request(.connect, scheme: nil, authority: "a:443", path: nil)
        == "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
  }

  @Test func `a request is framed`() throws {
    #expect(try request(.post, framing: .contentLength(12)).hasSuffix("\r\nContent-Length: 12\r\n\r\n"))
    #expect(try request(.post, framing: .chunked).hasSuffix("\r\nTransfer-Encoding: chunked\r\n\r\n"))
    #expect(try request(.post).hasSuffix("\r\nContent-Length: 0\r\n\r\n"))
    #expect(try request(.delete).hasSuffix("Host: example.org\r\n\r\n"))
    let fields: HTTPFields = [.contentLength: "12"]
    #expect(
      try request(.post, fields: fields, framing: .contentLength(12)).hasSuffix(
        "org\r\nContent-Length: 12\r\n\r\n"))
  }

  @Test func `a response is framed`() throws {
    #expect(try response(framing: .contentLength(3)) == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
    #expect(try response() == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    #expect(try response(framing: .chunked).hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
    #expect(try response(framing: .untilClose) == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    #expect(try response(.noContent) == "HTTP/1.1 204 No Content\r\n\r\n")
    #expect(try response(.continue) == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(try response(to: .head, framing: .contentLength(9)).contains("Content-Length: 9\r\n"))
    #expect(try response(.ok, [.contentLength: "9"], to: .head).contains("\r\nContent-Length: 9\r\n"))
    #expect(try response(to: .connect) == "HTTP/1.1 200 OK\r\n\r\n")
    #expect(try response(HTTPResponse.Status(code: 299)) == "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n")
  }

  @Test func `the connection is spoken of once`() throws {
    #expect(try request(connection: .close).hasSuffix("\r\nConnection: close\r\n\r\n"))
    #expect(try response(connection: .keepAlive).hasSuffix("\r\nConnection: keep-alive\r\n\r\n"))
    #expect(try request(fields: [.connection: "close"], connection: .close).components("close") == 1)
    #expect(try request(fields: [.connection: "close"], connection: .keepAlive).components("keep-alive") == 0)
  }

  @Test func `chunks are written`() throws {
    var bytes: [UInt8] = []
    for text in ["hello", String(repeating: "x", count: 171)] {
      HTTPEncoder.appendChunkStart(text.utf8.count, to: &bytes)
      bytes += text.utf8
      HTTPEncoder.appendChunkEnd(to: &bytes)
    }
    try HTTPEncoder.appendLastChunk(trailers: [.eTag: "x"], to: &bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("5\r\nhello\r\nab\r\nxxx"))
    #expect(text.hasSuffix("x\r\n0\r\nETag: x\r\n\r\n"))
  }

  @Test(arguments: ["/a b", "/a\r\nX: y", "/a\u{0}b", "/a\u{FC}", "/a#b", "a", "", "http://b/", "*"])
  func `a target that would not be read as meant is refused`(_ path: String) {
    expectRefusal(.invalidTarget) { () throws(HTTPCodecError) in try request(path: path) }
  }

  @Test(arguments: ["", "a b", "a/b", "u@a", "a\r\nX: y", "a:b", "[::1", "\u{FC}"])
  func `an authority that is none is refused`(_ authority: String) {
    expectRefusal(.invalidHost) { () throws(HTTPCodecError) in try request(authority: authority) }
  }

  @Test func `what would inject or contradict is refused and nothing is written`() throws {
    var control = HTTPFields()
    control.append(HTTPField(name: .accept, lenientValue: Array("a\u{1}b".utf8)))
    expectRefusal(.invalidFieldValue) { () throws(HTTPCodecError) in try request(fields: control) }
    expectRefusal(.missingHost) { () throws(HTTPCodecError) in try request(authority: nil) }
    let host = try #require(HTTPField.Name("Host"))
    let hosts: HTTPFields = [host: "a", host: "b"]
    expectRefusal(.duplicateHost) { () throws(HTTPCodecError) in try request(fields: hosts) }
    expectRefusal(.invalidReasonPhrase) { () throws(HTTPCodecError) in
      try response(.init(code: 200, reasonPhrase: "\u{263A}"))
    }
    expectRefusal(.invalidStatusCode) { () throws(HTTPCodecError) in try response(99) }
    var bytes = Array("before".utf8)
    #expect(throws: HTTPCodecError.self) {
      try HTTPEncoder.appendHead(
        of: HTTPRequest(method: .get, scheme: nil, authority: "a", path: "/ b"), framing: .none, to: &bytes)
    }
    #expect(throws: HTTPCodecError.self) {
      try HTTPEncoder.appendLastChunk(trailers: [.contentLength: "5"], to: &bytes)
    }
    #expect(bytes == Array("before".utf8))
  }

  @Test(
    arguments: [
      ([.contentLength: "5"], .contentLength(6)), ([.contentLength: "5"], .chunked),
      ([.contentLength: "5"], .none), ([.transferEncoding: "chunked"], .contentLength(5)),
      ([.transferEncoding: "gzip, chunked"], .chunked), ([.transferEncoding: "chunked"], .none),
      ([.contentLength: "5, 5"], .contentLength(5)), ([:], .untilClose),
    ] as [(HTTPFields, HTTPBodyFraming)])
  func `fields that contradict the framing are refused`(_ fields: HTTPFields, _ framing: HTTPBodyFraming) {
    expectRefusal(.conflictingFraming) { () throws(HTTPCodecError) in
      try request(fields: fields, framing: framing)
    }
  }

  private func expectRefusal(
    _ code: HTTPCodecError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws(HTTPCodecError) -> String
  ) {
    do throws(HTTPCodecError) {
      let text = try body()
      Issue.record("It was written: \(text.debugDescription)", sourceLocation: sourceLocation)
    } catch {
      #expect(error.code == code, sourceLocation: sourceLocation)
    }
  }
}

extension String {
  /// How often `word` stands in the text.
  fileprivate func components(_ word: String) -> Int {
    split(separator: word, omittingEmptySubsequences: false).count - 1
  }
}
