import Testing

@testable import asyncio

@Suite struct FittingTextsTests {
  @Test func `what matters least is left out first, and the order stays`() {
    var texts = FittingTexts()
    for (text, rank) in [("first", 1), ("second", 3), ("third", 0), ("fourth", 2)] {
      texts.append(text, rank: rank)
    }
    #expect(texts.fitting(100) == ["first", "second", "third", "fourth"])
    #expect(texts.fitting(28) == ["first", "second", "third", "fourth"])
    #expect(texts.fitting(27) == ["first", "third", "fourth"])
    #expect(texts.fitting(12) == ["first", "third"])
    #expect(texts.fitting(1) == ["third"])
  }
}
