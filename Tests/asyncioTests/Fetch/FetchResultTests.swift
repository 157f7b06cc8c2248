import Foundation
import Testing

@testable import asyncio

@Suite struct FetchResultTests {
  private let fetched = FetchResult(
    "http://example.com/", .fetched(status: 200), bytes: 1234, duration: .milliseconds(35))

  @Test func `a line is aligned`() {
    #expect(fetched.line() == "200   1.2 KiB     35 ms  http://example.com/")
    let failed = FetchResult("http://b/", .failed("connection refused"), duration: .milliseconds(1500))
    #expect(failed.line() == "---       0 B    1.50 s  http://b/ : connection refused")
    let skipped = FetchResult("http://c/", .notFetched)
    #expect(skipped.line() == "---         -         -  http://c/ : not fetched")
  }

  @Test func `a line names the file`() {
    var result = fetched
    result.file = "pages/example.com"
    #expect(result.line().hasSuffix("http://example.com/ → pages/example.com"))
  }

  @Test(arguments: [(200, "32"), (301, "36"), (404, "31"), (500, "31")])
  func `a status has its colour`(status: Int, color: String) {
    let line = FetchResult("u", .fetched(status: status)).line(palette: .colored)
    #expect(line.hasPrefix("\u{1B}[\(color)m\(status)\u{1B}[0m"))
  }

  @Test func `what a server says cannot steer the terminal`() {
    let line = FetchResult("http://a/\u{1B}[2J", .failed("bad\r\nline \u{9B}31m")).line()
    #expect(!line.contains { $0.isNewline || $0 == "\u{1B}" || $0 == "\u{9B}" })
  }

  @Test(arguments: [
    (200, true), (204, true), (301, true), (399, true), (400, false), (404, false), (503, false),
  ])
  func `a status below 400 is a success`(status: Int, isOK: Bool) {
    #expect(FetchResult("u", .fetched(status: status)).isOK == isOK)
  }

  @Test func `what did not arrive is no success`() {
    #expect(!FetchResult("u", .failed("truncated", status: 200)).isOK)
    #expect(!FetchResult("u", .notFetched).isOK)
  }

  @Test func `JSON has its keys in order`() {
    #expect(
      fetched.jsonLine == """
        {"url":"http://example.com/","status":200,"bytes":1234,"milliseconds":35.000,"error":null,"file":null}
        """)
    let failed = FetchResult("http://b/", .failed("cut off", status: 200), bytes: 7, file: "b")
    #expect(
      failed.jsonLine == """
        {"url":"http://b/","status":200,"bytes":7,"milliseconds":0.000,"error":"cut off","file":"b"}
        """)
  }

  @Test(arguments: [
    "plain", "", "\"quoted\" \\ back/slash", "tab\tnew\nline\r", "\u{0}\u{1}\u{8}\u{C}\u{1F}\u{7F}\u{9B}",
    "日本 é e\u{301} 👨‍👩‍👧‍👦", "\u{2028}\u{2029}\u{202E}\u{2066}", "</script>", "\u{10FFFF}\u{FFFF}",
  ])
  func `JSON says every text to another parser`(text: String) throws {
    let line = FetchResult(text, .failed(text), file: text).jsonLine
    #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
    #expect(line.split(whereSeparator: \.isNewline).count == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(Set(object.keys) == ["url", "status", "bytes", "milliseconds", "error", "file"])
    #expect(object["url"] as? String == text)
    #expect(object["error"] as? String == text)
    #expect(object["file"] as? String == text)
    #expect(object["status"] is NSNull)
  }
}
