import AsyncIOHTTP
import HTTPTypes
import Testing

/// Each limit: what reaches it passes, one more is refused, wherever the input is cut.
struct HTTPLimitsTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let limit: any WritableKeyPath<HTTPLimits, Int> & Sendable
    let value: Int
    let text: String
    let code: HTTPCodecError.Code
    var testDescription: String { code.description }
  }

  private static let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

  static let cases: [Case] = [
    Case(limit: \.startLine, value: 15, text: head + "0\r\n\r\n", code: .startLineTooLong),
    Case(limit: \.fieldLine, value: 26, text: head + "0\r\n\r\n", code: .fieldLineTooLong),
    Case(limit: \.head, value: 56, text: head + "0\r\n\r\n", code: .headTooLong),
    Case(limit: \.fieldCount, value: 2, text: head + "0\r\n\r\n", code: .tooManyFields),
    Case(limit: \.chunkLine, value: 6, text: head + "5;ab\r\nhello\r\n0\r\n\r\n", code: .chunkLineTooLong),
    Case(
      limit: \.chunkExtensions, value: 4, text: head + "1;a\r\nx\r\n1;b\r\nx\r\n0\r\n\r\n",
      code: .chunkExtensionsTooLong),
    Case(limit: \.trailers, value: 8, text: head + "0\r\nX: y\r\n\r\n", code: .trailersTooLong),
    Case(limit: \.trailerCount, value: 2, text: head + "0\r\nX:\r\nX:\r\n\r\n", code: .tooManyFields),
  ]

  @Test(arguments: cases)
  func `a limit holds to the byte`(_ sample: Case) {
    var limits = HTTPLimits()
    limits[keyPath: sample.limit] = sample.value
    #expect(CodecOutcome(sample.text, role: .request, limits: limits).message != nil)
    limits[keyPath: sample.limit] = sample.value - 1
    let refused = CodecOutcome(sample.text, role: .request, limits: limits)
    #expect(refused.code == sample.code)
    let bytes = Array(sample.text.utf8)
    #expect(CodecOutcome(bytewise(bytes), role: .request, limits: limits) == refused)
    for index in bytes.indices {
      #expect(CodecOutcome(split(bytes, at: index), role: .request, limits: limits) == refused)
    }
  }

  @Test func `a line without end is refused before its end`() {
    let endless = "GET /" + String(repeating: "a", count: 9000)
    #expect(CodecOutcome(endless, role: .request).code == .startLineTooLong)
    let fields = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 101)
    #expect(CodecOutcome(fields, role: .response(to: .get)).code == .tooManyFields)
    let wide =
      "HTTP/1.1 200 OK\r\n" + String(repeating: "X: \(String(repeating: "y", count: 7000))\r\n", count: 10)
    #expect(CodecOutcome(wide, role: .response(to: .get)).code == .headTooLong)
  }

  @Test(arguments: [
    (HTTPCodecError.Code.startLineTooLong, 414), (.headTooLong, 431), (.unsupportedTransferCoding, 501),
    (.unsupportedVersion, 505), (.bareLineFeed, 400),
  ])
  func `a code suggests the status of the answer`(_ code: HTTPCodecError.Code, _ status: Int) {
    #expect(code.suggestedStatus == status)
  }
}
