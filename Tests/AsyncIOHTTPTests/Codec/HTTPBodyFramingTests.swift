import AsyncIOHTTP
import HTTPTypes
import Testing

/// Where bodies end, by RFC 9112 §6.3, and whether the connection lives on, by §9.3.
struct HTTPBodyFramingTests {
  struct Case: Sendable {
    let head: String
    var method = HTTPRequest.Method.get
    let framing: HTTPBodyFraming
    let keepsAlive: Bool
  }

  @Test(arguments: [
    Case(head: "HTTP/1.1 200 OK\r\nContent-Length: 5", framing: .contentLength(5), keepsAlive: true),
    Case(head: "HTTP/1.1 200 OK\r\nContent-Length: 00005", framing: .contentLength(5), keepsAlive: true),
    Case(head: "HTTP/1.1 200 OK\r\nContent-Length: 0", framing: .none, keepsAlive: true),
    Case(
      head: "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807", framing: .contentLength(.max),
      keepsAlive: true),
    Case(head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED", framing: .chunked, keepsAlive: true),
    Case(head: "HTTP/1.1 200 OK", framing: .untilClose, keepsAlive: false),
    Case(head: "HTTP/1.0 200 OK\r\nContent-Length: 5", framing: .contentLength(5), keepsAlive: false),
    Case(
      head: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", framing: .contentLength(5),
      keepsAlive: true),
    Case(
      head: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: foo , CLOSE,bar", framing: .contentLength(5),
      keepsAlive: false),
    Case(
      head: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\nConnection: close",
      framing: .contentLength(5), keepsAlive: false),
    Case(head: "HTTP/1.1 200 OK\r\nContent-Length: 5", method: .head, framing: .none, keepsAlive: true),
    Case(
      head: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", method: .head, framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 200 OK", method: .head, framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 204 No Content", framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 204 No Content\r\nContent-Length: 0", framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 204 No Content\r\nContent-Length: 5", framing: .none, keepsAlive: false),
    Case(head: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked", framing: .none, keepsAlive: false),
    Case(head: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5", framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 100 Continue", framing: .none, keepsAlive: true),
    Case(head: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade", framing: .none, keepsAlive: false),
    Case(head: "HTTP/1.1 200 OK\r\nContent-Length: x", method: .connect, framing: .none, keepsAlive: false),
    Case(
      head: "HTTP/1.1 407 Who\r\nContent-Length: 5", method: .connect, framing: .contentLength(5),
      keepsAlive: true),
  ])
  func `a response is framed by its head and its request`(_ sample: Case) throws {
    var parser = HTTPHeadParser()
    let (head, _) = try #require(try parser.parseResponse(Array((sample.head + "\r\n\r\n").utf8).span))
    let framing = try HTTPBodyFraming(of: head, answering: sample.method)
    #expect(framing == sample.framing)
    #expect(head.keepsAlive(framing, answering: sample.method) == sample.keepsAlive)
  }

  @Test(arguments: [
    Case(head: "GET / HTTP/1.1\r\nHost: a", framing: .none, keepsAlive: true),
    Case(head: "GET / HTTP/1.0", framing: .none, keepsAlive: false),
    Case(head: "GET / HTTP/1.0\r\nConnection: keep-alive", framing: .none, keepsAlive: true),
    Case(head: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close", framing: .none, keepsAlive: false),
    Case(
      head: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3", framing: .contentLength(3), keepsAlive: true),
    Case(
      head: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked", framing: .chunked, keepsAlive: true),
    Case(head: "POST / HTTP/1.1\r\nHost: a", framing: .none, keepsAlive: true),
    Case(head: "CONNECT a:1 HTTP/1.1\r\nHost: a", framing: .none, keepsAlive: true),
  ])
  func `a request is framed by its head`(_ sample: Case) throws {
    var parser = HTTPHeadParser()
    let (head, _) = try #require(try parser.parseRequest(Array((sample.head + "\r\n\r\n").utf8).span))
    #expect(try HTTPBodyFraming(of: head) == sample.framing)
    #expect(head.keepsAlive == sample.keepsAlive)
  }

  @Test func `the facts of fields are those of their lines`() {
    let facts = HTTPMessageFacts([
      .contentLength: "12", .connection: "close, upgrade", .expect: "100-continue",
    ])
    #expect(facts.contentLength == .length(12))
    #expect(facts.connection == [.close, .upgrade])
    #expect(facts.expectsContinue)
    #expect(HTTPMessageFacts([.transferEncoding: "gzip"]).transferEncoding == .unsupported)
  }
}
