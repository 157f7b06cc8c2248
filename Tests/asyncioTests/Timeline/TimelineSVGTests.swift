import Testing

@testable import asyncio

@Suite struct TimelineSVGTests {
  private func parse(_ timeline: Timeline) throws -> XMLDocumentReader {
    try #require(XMLDocumentReader(TimelineSVG(timeline).text))
  }

  @Test(arguments: [1, 3, 10, 40, 60])
  func `a picture is well-formed, with a bar for each piece of work`(count: Int) throws {
    let document = try parse(.pages(count))
    let bars = document.elements.filter { $0.name == "rect" && $0.style.hasPrefix("bar") }
    // Two more stand beside the names of the runs.
    #expect(bars.count == 2 * count + 2)
    #expect(document.elements.first?.name == "svg")
    #expect(document.elements.first?.attributes["role"] == "img")
  }

  @Test func `a picture says what it shows`() throws {
    let document = try parse(.pages(3))
    #expect(document.text(of: "title") == "3 pages")
    let summary =
      "One after another: 3 tasks in 3.00 s. At once: 3 tasks in 1.00 s. At once was 3.0× as fast."
    #expect(document.text(of: "desc") == summary)
    for text in ["One after another", "At once", "page 1", "1.00 s", "3.00 s", "3.0×", "0 s", "2.00 s saved"]
    {
      #expect(document.texts.contains(text))
    }
  }

  @Test func `labels are escaped`() throws {
    let document = try parse(.hard)
    #expect(document.texts.contains("http://example.com/a?b=1&c=<2>'\""))
    #expect(document.texts.contains("<reset> & \u{FFFD} gone"))
    #expect(document.text(of: "title") == "<hard> & \"long\" \u{FFFD}[31m")
    #expect(document.texts.contains("failed"))
    #expect(document.texts.contains("cancelled"))
  }

  @Test(arguments: [Timeline.pages(1), .pages(3), .pages(40), .pages(200), .hard, Timeline(title: "none")])
  func `everything lies within the picture`(timeline: Timeline) throws {
    let document = try parse(timeline)
    let layout = TimelineSVG(timeline).layout
    for element in document.elements where element.name == "rect" && element.style != "page" {
      let (x, y) = try (#require(element.number("x")), #require(element.number("y")))
      let (width, height) = try (#require(element.number("width")), #require(element.number("height")))
      #expect(x >= 0 && y >= 0 && width > 0 && height > 0)
      #expect(x + width <= TimelineSVG.Layout.width - TimelineSVG.Layout.margin + 0.01)
      #expect(y + height <= layout.height)
    }
    for element in document.elements where element.name == "text" {
      let y = try #require(element.number("y"))
      #expect(y > 0 && y < layout.height)
    }
  }

  @Test(arguments: [Timeline.pages(1), .pages(12), .pages(40), .pages(60), .pages(200), .hard])
  func `rows do not overlap, and neither do panels`(timeline: Timeline) {
    let layout = TimelineSVG(timeline).layout
    #expect(layout.barHeight < layout.rowHeight)
    #expect(layout.fontSize < layout.rowHeight)
    for (upper, lower) in zip(layout.panels, layout.panels.dropFirst()) {
      #expect(upper.top + upper.height + 30 < lower.top)
    }
    #expect(layout.plotX < layout.plotRight - 300)
  }

  @Test func `ticks keep a distance from each other`() {
    for milliseconds in [1, 17, 300, 999, 3010, 10_100, 75_000, 3_600_000] {
      let layout = TimelineSVG(.pages(3, delay: .milliseconds(milliseconds))).layout
      for (left, right) in zip(layout.axis.ticks, layout.axis.ticks.dropFirst()) {
        let width = 12 * TimelineSVG.Layout.columnWidth * Double(left.label.count + right.label.count) / 2
        #expect(layout.x(right.position) - layout.x(left.position) > width + 6)
      }
    }
  }

  @Test func `a picture follows the reader's light or dark`() {
    let text = TimelineSVG(.pages(3)).text
    #expect(text.contains("@media (prefers-color-scheme: dark)"))
    #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
    for foreign in ["http://", "https://", "url(", "<script", "<image", "@import"] {
      let count = text.occurrences(of: foreign)
      // The name of SVG's namespace is no address to load from.
      #expect(count == (foreign == "http://" ? 1 : 0))
    }
  }

  @Test(arguments: [
    (1.0, "1"), (1.5, "1.5"), (1.25, "1.25"), (1.256, "1.26"), (100, "100"), (0, "0"), (-2.5, "-2.5"),
  ])
  func `a coordinate is short`(value: Double, text: String) {
    #expect(TimelineSVG(.pages(1)).number(value) == text)
  }
}

extension String {
  /// How often `text` occurs.
  fileprivate func occurrences(of text: String) -> Int {
    ranges(of: text).count
  }
}
