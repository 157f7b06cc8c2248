import AsyncIOHTTP
import HTTPTypes
import Testing

/// What the encoder writes, the parser reads as the same.
struct RoundTripTests {
  static let fields: HTTPFields = [
    .accept: "*/*", .userAgent: "a (b; c) d/1.0", .cookie: "a=b", .cookie: "c=\u{FC}", .eTag: "",
    .setCookie: "x=1; Expires=Mon, 01 Jan 2024 00:00:00 GMT",
  ]

  @Test(arguments: [HTTPRequest.Method.get, .post, .put, .delete, .patch, .options, .head])
  func `a request survives`(_ method: HTTPRequest.Method) throws {
    let request = HTTPRequest(
      method: method, scheme: nil, authority: "example.org:81", path: "/a/%20?q=1&r",
      headerFields: Self.fields)
    var bytes: [UInt8] = []
    try HTTPEncoder.appendHead(of: request, framing: .chunked, to: &bytes)
    var parser = HTTPHeadParser()
    let (head, consumed) = try #require(try parser.parseRequest(bytes.span))
    #expect(consumed == bytes.count)
    var expected = request
    expected.headerFields[.transferEncoding] = "chunked"
    #expect(head.request == expected)
    #expect(try HTTPBodyFraming(of: head) == .chunked)
  }

  @Test(arguments: [200, 201, 301, 404, 418, 500, 599, 999])
  func `a response survives`(_ code: Int) throws {
    let status = HTTPResponse.Status(code: code, reasonPhrase: "Some \u{E9} reason")
    let response = HTTPResponse(status: status, headerFields: Self.fields)
    var bytes: [UInt8] = []
    try HTTPEncoder.appendHead(of: response, answering: .get, framing: .contentLength(42), to: &bytes)
    var parser = HTTPHeadParser()
    let (head, consumed) = try #require(try parser.parseResponse(bytes.span))
    #expect(consumed == bytes.count)
    #expect(head.status.reasonPhrase == status.reasonPhrase)
    var expected = response
    expected.headerFields[.contentLength] = "42"
    #expect(head.response == expected)
    #expect(try HTTPBodyFraming(of: head, answering: .get) == .contentLength(42))
  }

  @Test(arguments: 1...20)
  func `a chunked body with trailers survives`(_ seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    var sent: [UInt8] = []
    for _ in 0..<random.below(6) {
      let chunk = (0...random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      HTTPEncoder.appendChunkStart(chunk.count, to: &bytes)
      bytes += chunk
      HTTPEncoder.appendChunkEnd(to: &bytes)
      sent += chunk
    }
    try HTTPEncoder.appendLastChunk(trailers: [.eTag: "\(seed)"], to: &bytes)
    let message = try #require(CodecOutcome([bytes], role: .request).message)
    #expect(message.body == sent)
    #expect(message.trailers == ["ETag: \(seed)"])
    #expect(message.consumed == bytes.count)
    #expect(CodecOutcome(bytewise(bytes), role: .request).message == message)
  }
}
