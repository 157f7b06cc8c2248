import Testing

@testable import asyncio

@Suite struct TimelineTests {
  @Test func `a run lasts until its last bar ends`() {
    let timeline = Timeline.pages(3)
    #expect(timeline.runs.map(\.total) == [.seconds(3), .seconds(1)])
    #expect(timeline.total == .seconds(3))
  }

  @Test func `the speed-up compares the last run with the first`() {
    #expect(Timeline.pages(3).speedUp == 3)
    #expect(Timeline.pages(3).speedUpText == "3.0×")
    #expect(Timeline.pages(40).speedUpText == "40×")
  }

  @Test func `there is no speed-up without two runs that took time`() {
    #expect(Timeline(title: "none").speedUp == nil)
    #expect(
      Timeline(title: "one", runs: [.init("a", bars: [.init("x", from: .zero, to: .seconds(1))])]).speedUp
        == nil)
    #expect(Timeline(title: "empty", runs: [.init("a"), .init("b")]).speedUp == nil)
  }

  @Test func `a bar that ends before it begins took no time`() {
    #expect(Timeline.Bar("x", from: .seconds(2), to: .seconds(1)).duration == .zero)
  }
}
