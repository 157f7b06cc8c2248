import Testing

@testable import asyncio

@Suite struct ProgressBarTests {
  private var example: ProgressBar {
    var bar = ProgressBar(total: 40)
    bar.done = 12
    bar.failed = 3
    bar.bytes = 1_258_291
    bar.elapsed = .seconds(3)
    return bar
  }

  @Test func `a line says how far it is`() {
    let line = example.line(width: 67)
    #expect(line == "[█████▏           ] 12/40  3 failed  1.2 MiB  0:03  4.0/s  eta 0:07")
  }

  @Test func `a bar does not grow without end`() {
    #expect(example.line(width: 500).displayWidth == 42 + 48)
  }

  @Test func `the rate is that of the whole time`() {
    #expect(example.rate == 4)
    #expect(ProgressBar(total: 4).rate == nil)
  }

  @Test func `what matters least is left out first`() {
    #expect(example.line(width: 55) == "[███▋        ] 12/40  3 failed  1.2 MiB  0:03  eta 0:07")
    #expect(example.line(width: 50) == "[█████▏           ] 12/40  3 failed  1.2 MiB  0:03")
    #expect(example.line(width: 40) == "[████▊           ] 12/40  3 failed  0:03")
    #expect(example.line(width: 30) == "[███▋        ] 12/40  3 failed")
    #expect(example.line(width: 20) == "[███▋        ] 12/40")
    #expect(example.line(width: 10) == "12/40")
    #expect(example.line(width: 4) == "30%")
  }

  @Test(arguments: 10...200)
  func `a line is never wider than the terminal`(width: Int) {
    for total in [0, 40, 1_000_000_000_000] {
      for done in [1, total / 3, total] {
        for failed in [0, done / 2] {
          var bar = ProgressBar(total: total)
          bar.done = done
          bar.failed = failed
          bar.bytes = done &* 12345
          bar.elapsed = .milliseconds(done % 100_000_000)
          #expect(bar.line(width: width).displayWidth <= width)
          #expect(bar.line(width: width, palette: .colored).displayWidth <= width)
        }
      }
    }
  }

  @Test(arguments: 0..<10)
  func `a line fits into the narrowest terminal`(width: Int) {
    #expect(example.line(width: width).displayWidth <= width)
  }

  @Test func `colours change nothing but colours`() {
    let plain = example.line(width: 60)
    let colored = example.line(width: 60, palette: .colored)
    #expect(!plain.contains("\u{1B}"))
    #expect(colored.contains("\u{1B}[31m3 failed\u{1B}[0m"))
    #expect(DisplayPieces(colored).filter { !$0.isEscape }.map(\.text).joined() == plain)
  }

  @Test func `the rest is told from what is done`() {
    var bar = ProgressBar(total: 4)
    bar.elapsed = .seconds(2)
    #expect(bar.remaining == nil)
    bar.done = 1
    #expect(bar.remaining == .seconds(6))
    bar.done = 4
    #expect(bar.remaining == nil)
  }

  @Test func `nothing to do is all done`() {
    #expect(ProgressBar(total: 0).line(width: 40).hasPrefix("[███"))
  }
}
