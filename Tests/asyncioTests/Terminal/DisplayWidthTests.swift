import Testing

@testable import asyncio

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本語", 6), ("한글", 4), ("\u{1112}\u{1161}\u{11AB}", 2),
    ("ｶﾅ", 2), ("Ａ", 2), ("😀", 2), ("👨‍👩‍👧‍👦", 2), ("👋🏽", 2), ("🇩🇪", 2), ("🇩", 1), ("1️⃣", 2), ("❤️", 2), ("❤", 1),
    ("a\u{200B}b", 2), ("\u{FEFF}x", 1), ("…─█", 3), ("\t\n\u{7}", 0), ("z̷̢̛͔", 1), ("क", 1), ("\u{20000}", 2),
  ])
  func `each character takes the columns that a terminal gives it`(text: String, width: Int) {
    #expect(text.displayWidth == width)
  }

  @Test func `an escape sequence takes no columns`() {
    #expect("\u{1B}[1;31mred\u{1B}[0m".displayWidth == 3)
    #expect("\u{1B}[2Kx".displayWidth == 1)
  }

  @Test(arguments: ["\u{1B}[", "\u{1B}[1;3", "\u{1B}", "a\u{1B}[1"])
  func `an escape sequence without an end is no trap`(text: String) {
    #expect(text.displayWidth <= 1)
    #expect(DisplayPieces(text).map(\.text).joined() == text)
  }

  @Test func `the pieces of a text are the text`() {
    let text = "a\u{1B}[31m日👨‍👩‍👧‍👦e\u{301}\u{1B}[0m"
    let pieces = Array(DisplayPieces(text))
    #expect(pieces.map(\.text).joined() == text)
    #expect(pieces.map(\.width) == [1, 0, 2, 2, 1, 0])
    #expect(pieces.map(\.isEscape) == [false, true, false, false, false, true])
  }
}
