import Testing

@testable import asyncio

@Suite struct TimelineTextTests {
  @Test func `three pages are drawn`() {
    let lines = TimelineText(.pages(3), width: 48).lines
    #expect(
      lines == [
        "3 pages",
        "",
        "One after another                         3.00 s",
        "page 1  ██████████▋                       1.00 s",
        "page 2            ▐██████████▍            1.00 s",
        "page 3                       ▐██████████  1.00 s",
        "",
        "At once                                   1.00 s",
        "page 1  ██████████▋                       1.00 s",
        "page 2  ██████████▋                       1.00 s",
        "page 3  ██████████▋                       1.00 s",
        "",
        "        ╵0 s       ╵1 s      ╵2 s       ╵3 s",
        "At once: 3.0× as fast",
      ])
  }

  @Test(arguments: [20, 30, 40, 80, 120, 200])
  func `no line is wider than told`(width: Int) {
    for timeline in [
      Timeline.pages(1), .pages(40), .hard, .pages(3, label: { "http://example.com/long/\($0)" }),
    ] {
      for line in TimelineText(timeline, width: width, palette: .colored).lines {
        #expect(line.displayWidth <= width)
      }
    }
  }

  @Test(arguments: [60, 80])
  func `all durations end in the last column`(width: Int) {
    let text = TimelineText(.hard, width: width)
    for (line, bar) in zip(text.lines.dropFirst(3), Timeline.hard.runs[0].bars) {
      #expect(line.displayWidth == width)
      #expect(line.hasSuffix(bar.duration.text))
    }
  }

  @Test func `every bar is seen, however short`() {
    var timeline = Timeline.pages(5, delay: .seconds(10))
    timeline.runs[1].bars = (0..<5).map {
      .init("page \($0)", from: .seconds($0 * 10), to: .seconds($0 * 10))
    }
    let lines = TimelineText(timeline, width: 80).lines
    for line in lines where line.hasPrefix("page") {
      #expect(line.contains { "▏▎▍▌▋▊▉█▐▕".contains($0) })
    }
  }

  @Test func `what failed or was cancelled looks different, also without colours`() {
    let lines = TimelineText(.hard, width: 80).lines
    #expect(lines.contains { $0.hasPrefix("failed ") && $0.contains("▒▒") && $0.hasSuffix("✗ 100 ms") })
    #expect(lines.contains { $0.contains("░") && $0.hasSuffix("– 10 ms") })
    #expect(lines.contains("▒ failed  ░ cancelled"))
  }

  @Test func `colours change nothing but colours`() {
    let plain = TimelineText(.hard, width: 80).lines
    let colored = TimelineText(.hard, width: 80, palette: .colored).lines
    #expect(plain.allSatisfy { !$0.contains("\u{1B}") })
    #expect(colored.map { DisplayPieces($0).filter { !$0.isEscape }.map(\.text).joined() } == plain)
  }

  @Test func `nothing is drawn without a complaint`() {
    #expect(TimelineText(Timeline(title: "none"), width: 80).lines == ["none", "", "  ╵0 ms"])
  }
}
