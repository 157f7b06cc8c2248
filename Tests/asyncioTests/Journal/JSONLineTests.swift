import Testing

@testable import asyncio

@Suite struct JSONLineTests {
  @Test func `what was written is read`() throws {
    let text = "q\"\\\n\r\t/é\u{1F600}\u{7}\u{202E}"
    let line = JSONText.object([
      ("text", .string(text)), ("empty", .string("")), ("none", .null), ("count", .integer(-12)),
      ("time", .decimal(1.5, places: 3)), ("list", .integers([1, 20, 300])), ("nothing", .integers([])),
    ])
    let read = try #require(JSONLine(line.utf8))
    #expect(read.string("text") == text)
    #expect(read.string("empty") == "")
    #expect(read.string("none") == nil)
    #expect(read.integer("count") == -12)
    #expect(read.number("time") == 1.5)
    #expect(read.number("count") == -12)
    #expect(read.integers("list") == [1, 20, 300])
    #expect(read.integers("nothing").isEmpty)
    #expect(read.integers("missing").isEmpty)
    #expect(JSONLine("{}".utf8) != nil)
  }

  @Test(arguments: [
    "", "{", "}", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1}x", "{\"a\":\"b}", "{\"a\":\"\\",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\uD800\"}", "{\"a\":[1,]}", "{\"a\":[1", "{\"a\":{}}", "{a:1}", "{\"a\":1,}", "{\"a\":nul}",
    "{\"a\":--}",
  ])
  func `what is no such object is nothing`(text: String) {
    #expect(JSONLine(text.utf8) == nil)
  }
}
