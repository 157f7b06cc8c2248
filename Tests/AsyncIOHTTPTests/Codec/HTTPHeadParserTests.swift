import AsyncIOHTTP
import HTTPTypes
import Testing

/// What a head is read as.
struct HTTPHeadParserTests {
  @Test func `a response head becomes a response`() throws {
    let text = "HTTP/1.1 404 Not Found\r\nSERVER: x\r\nx-Custom:\t a, b \r\nX-Custom: c\r\n\r\nrest"
    var parser = HTTPHeadParser()
    let (head, consumed) = try #require(try parser.parseResponse(Array(text.utf8).span))
    #expect(consumed == text.utf8.count - 4)
    #expect(head.version == .http11)
    #expect(head.code == 404)
    #expect(head.response.status.reasonPhrase == "Not Found")
    #expect(head.response.headerFields.map(\.name.rawName) == ["SERVER", "x-Custom", "X-Custom"])
    #expect(head.response.headerFields[.server] == "x")
    let name = try #require(HTTPField.Name("x-custom"))
    #expect(head.response.headerFields[values: name] == ["a, b", "c"])
    #expect(head.fields.values(of: name) == ["a, b", "c"])
    #expect(head.fields.firstValue(of: name) == "a, b")
    #expect(head.fields.firstValue(of: .date) == nil)
    #expect(head.fields.count == 3)
  }

  @Test func `a request head becomes a request`() throws {
    let text = "PUT /a?b HTTP/1.0\r\nAccept: */*\r\nHost: example.org:81\r\nExpect: 100-Continue\r\n\r\n"
    var parser = HTTPHeadParser()
    let (head, consumed) = try #require(try parser.parseRequest(Array(text.utf8).span))
    #expect(consumed == text.utf8.count)
    #expect(head.version == .http10)
    #expect(head.facts.expectsContinue)
    let request = head.request
    #expect(request.method == .put)
    #expect(request.path == "/a?b")
    #expect(request.authority == "example.org:81")
    #expect(request.scheme == nil)
    #expect(request.headerFields.map(\.name) == [.accept, .expect])
  }

  @Test(
    arguments: [
      ("GET / HTTP/1.1\r\nHost: b", nil, "b", "/"),
      ("GET //c HTTP/1.1\r\nHost: b", nil, "b", "//c"),
      ("GET http://a HTTP/1.1\r\nHost: b", "http", "a", "/"),
      ("GET HTTPS://a:8443/c?d HTTP/1.1\r\nHost: b", "https", "a:8443", "/c?d"),
      ("GET http://a?d HTTP/1.1\r\nHost: b", "http", "a", "/?d"),
      ("OPTIONS http://a HTTP/1.1\r\nHost: b", "http", "a", "*"),
      ("OPTIONS * HTTP/1.1\r\nHost: b", nil, "b", "*"),
      ("CONNECT [::1]:443 HTTP/1.1\r\nHost: b", nil, "[::1]:443", nil),
      ("GET / HTTP/1.1\r\nHost:", nil, nil, "/"),
    ] as [(String, String?, String?, String?)])
  func `each form of the target is understood`(
    _ lines: String, _ scheme: String?, _ authority: String?, _ path: String?
  ) throws {
    var parser = HTTPHeadParser()
    let (head, _) = try #require(try parser.parseRequest(Array((lines + "\r\n\r\n").utf8).span))
    #expect(head.request.scheme == scheme)
    #expect(head.request.authority == authority)
    #expect(head.request.path == path)
  }

  @Test func `one parser reads message after message`() throws {
    var rest = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n".utf8)
    var parser = HTTPHeadParser()
    let (first, consumed) = try #require(try parser.parseRequest(rest.span))
    #expect(first.path == "/1")
    rest.removeFirst(consumed)
    let (second, _) = try #require(try parser.parseRequest(rest.span))
    #expect(second.path == "/2")
    #expect(second.fields.count == 2)
  }

  @Test func `bytes that are not UTF-8 are kept`() throws {
    let bytes = Array("HTTP/1.1 200 \u{41}".utf8) + [0xE9] + Array("\r\nX: ".utf8) + [0xE9, 0xFF]
    var parser = HTTPHeadParser()
    let (head, _) = try #require(try parser.parseResponse((bytes + Array("\r\n\r\n".utf8)).span))
    #expect(head.status.reasonPhrase == "A\u{E9}")
    let field = try #require(head.response.headerFields.first)
    let value = unsafe field.withUnsafeBytesOfValue { unsafe Array($0) }
    #expect(value == [0xE9, 0xFF])
  }

  @Test func `slow drips stay linear`() throws {
    // Quadratic work on this would be two thousand million steps: the test would not end.
    var limits = HTTPLimits()
    limits.fieldLine = 60_000
    let bytes = Array(("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 60_000)).utf8)
    var parser = HTTPHeadParser(limits: limits)
    var refused: HTTPCodecError?
    for end in 1...bytes.count {
      do throws(HTTPCodecError) {
        if try parser.parseResponse(bytes.span.extracting(0..<end)) != nil { break }
      } catch {
        refused = error
        break
      }
    }
    #expect(refused?.code == .fieldLineTooLong)
  }
}
