import Testing

@testable import asyncio

@Suite struct TruncationTests {
  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""), ("日本語", 6, "日本語"),
    ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("日本語", 2, "…"), ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 3, "👨‍👩‍👧‍👦…"), ("", 0, ""),
  ])
  func `the end gives way`(text: String, width: Int, expected: String) {
    #expect(text.truncated(toWidth: width) == expected)
  }

  @Test(arguments: [
    ("http://example.com/page/17", 12, "http:/…ge/17"), ("abcdef", 5, "ab…ef"), ("abcdef", 2, "a…"),
    ("日本語日本語", 7, "日…語"), ("abc", 3, "abc"),
  ])
  func `the middle gives way`(text: String, width: Int, expected: String) {
    #expect(text.truncated(toWidth: width, at: .middle) == expected)
  }

  @Test(arguments: 0...20, [TruncationPoint.end, .middle])
  func `nothing is wider than told`(width: Int, point: TruncationPoint) {
    let text = "a日👋🏽e\u{301}🇩🇪bcd日本語"
    #expect(text.truncated(toWidth: width, at: point).displayWidth <= width)
  }

  @Test func `a style is reset where the end is cut`() {
    let red = Palette.colored("abcdef", .red)
    #expect(red.truncated(toWidth: 6) == red)
    #expect(red.truncated(toWidth: 4) == "\u{1B}[31mabc…\u{1B}[0m")
  }

  @Test func `padding goes by width`() {
    #expect("日本".padded(toWidth: 6) == "日本  ")
    #expect("日本".padded(toWidth: 6, alignment: .trailing) == "  日本")
    #expect("日本語".padded(toWidth: 4) == "日本語")
  }

  @Test(arguments: [
    ("a\tb\nc\r\nd", "a b c  d"), ("\u{1B}[31mred", "\u{FFFD}[31mred"), ("a\u{202E}b", "a\u{FFFD}b"),
    ("\u{9B}2J", "\u{FFFD}2J"), ("ok é 日本 👨‍👩‍👧‍👦", "ok é 日本 👨‍👩‍👧‍👦"), ("\0", "\u{FFFD}"),
  ])
  func `what would steer a terminal is made harmless`(text: String, expected: String) {
    #expect(text.printable == expected)
  }
}
