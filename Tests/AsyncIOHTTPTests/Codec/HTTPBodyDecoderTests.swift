import HTTPTypes
import Testing

@testable import AsyncIOHTTP

/// What a decoder does step by step; the outcomes of whole messages are tested with their corpus.
struct HTTPBodyDecoderTests {
  @Test func `a chunked body in one piece takes one step`() throws {
    let bytes = Array("5\r\nhello\r\n0\r\n\r\nGET".utf8)
    var decoder = HTTPBodyDecoder(.chunked)
    #expect(try decoder.decode(bytes.span) == .init(consumed: 15, body: 3..<8))
    #expect(decoder.isComplete)
    #expect(try decoder.decode(bytes.span).consumed == 0)
  }

  @Test func `each step finds one range of data`() throws {
    let bytes = Array("2\r\nab\r\n3\r\ncde\r\n".utf8)
    var decoder = HTTPBodyDecoder(.chunked)
    let first = try decoder.decode(bytes.span)
    #expect(first.body == 3..<5)
    #expect(first.consumed == 10)
    let second = try decoder.decode(bytes.span.extracting(10..<bytes.count))
    #expect(second.body == 0..<3)
    #expect(!decoder.isComplete)
    #expect(decoder.receivedCount == 5)
  }

  @Test func `a body of known length ends at its length`() throws {
    var decoder = HTTPBodyDecoder(.contentLength(4))
    #expect(try decoder.decode(Array("abc".utf8).span) == .init(consumed: 3, body: 0..<3))
    #expect(try decoder.decode(Array("def".utf8).span) == .init(consumed: 1, body: 0..<1))
    #expect(decoder.isComplete)
  }

  @Test(arguments: [HTTPBodyFraming.none, .contentLength(0)])
  func `no body is complete at once`(_ framing: HTTPBodyFraming) throws {
    var decoder = HTTPBodyDecoder(framing)
    #expect(decoder.isComplete)
    #expect(try decoder.decode(Array("GET".utf8).span) == .init(consumed: 0, body: nil))
  }

  @Test func `a body until the end ends with the input`() throws {
    var decoder = HTTPBodyDecoder(.untilClose)
    #expect(try decoder.decode(Array("abc".utf8).span) == .init(consumed: 3, body: 0..<3))
    #expect(!decoder.isComplete)
    try decoder.endOfInput()
    #expect(decoder.isComplete)
  }

  @Test func `a truncated body says what was expected and what came`() throws {
    var fixed = HTTPBodyDecoder(.contentLength(10))
    _ = try fixed.decode(Array("abc".utf8).span)
    let error = #expect(throws: HTTPCodecError.self) { try fixed.endOfInput() }
    #expect(error?.code == .truncatedBody)
    #expect(error?.message.contains("10 bytes of body were expected and 3 came") == true)

    var chunked = HTTPBodyDecoder(.chunked)
    _ = try chunked.decode(Array("5\r\nabc".utf8).span)
    let other = #expect(throws: HTTPCodecError.self) { try chunked.endOfInput() }
    #expect(other?.code == .truncatedBody)
    #expect(other?.message.contains("after 3 bytes") == true)
  }

  @Test func `trailers are kept apart from the head`() throws {
    var decoder = HTTPBodyDecoder(.chunked)
    let bytes = Array("0\r\nETag: \"x\"\r\nX-Long: \(String(repeating: "y", count: 300))\r\n\r\nrest".utf8)
    let step = try decoder.decode(bytes.span)
    #expect(step == .init(consumed: bytes.count - 4, body: nil))
    #expect(decoder.isComplete)
    #expect(decoder.trailers[.eTag] == "\"x\"")
    #expect(decoder.trailers.count == 2)
  }

  @Test func `the largest chunk size is counted`() throws {
    var decoder = HTTPBodyDecoder(.chunked)
    let step = try decoder.decode(Array("7fffFFFFffffffff\r\nabc".utf8).span)
    #expect(step.body == 18..<21)
    #expect(!decoder.isComplete)
  }
}
