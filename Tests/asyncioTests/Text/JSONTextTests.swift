import Testing

@testable import asyncio

@Suite struct JSONTextTests {
  @Test(arguments: [
    (JSONText.null, "null"), (.integer(-3), "-3"), (.decimal(1.25, places: 3), "1.250"),
    (.decimal(0, places: 0), "0"),
    (.decimal(.infinity, places: 1), "null"), (.decimal(.nan, places: 1), "null"),
    (.decimal(-.infinity, places: 1), "null"), (.string("a"), "\"a\""), (.string("\""), "\"\\\"\""),
    (.string("\\"), "\"\\\\\""), (.string("\r\n"), "\"\\r\\n\""), (.string("\u{1B}"), "\"\\u001b\""),
    (.string("\u{2028}"), "\"\\u2028\""), (.string("é😀"), "\"é😀\""),
  ])
  func `a value is written as RFC 8259 says`(value: JSONText, text: String) {
    #expect(value.text == text)
  }

  @Test func `an object has its members in order, keys escaped`() {
    #expect(JSONText.object([]) == "{}")
    #expect(JSONText.object([("b", .integer(1)), ("\"", .null)]) == "{\"b\":1,\"\\\"\":null}")
  }
}
