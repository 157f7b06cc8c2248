import Testing

@testable import AsyncIOHTTP

struct HTTPDateTests {
  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
    (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
    (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ])
  func `a time is written as RFC 9110 has it`(_ second: Int, _ text: String) {
    #expect(HTTPDate.text(at: second) == text)
  }

  @Test func `the line is made once a second and well formed`() throws {
    var bytes: [UInt8] = []
    HTTPDate.shared.appendLine(to: &bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("Date: "))
    #expect(text.hasSuffix(" GMT\r\n"))
    #expect(text.utf8.count == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n".utf8.count)
  }
}
